// Which texts and colours of the page have too little contrast: WCAG 2.1, 1.4.3 and 1.4.11.
() => {
  const numbers = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const over = (front, back) => front.slice(0, 3).map((each, i) => each * (front[3] ?? 1) + back[i] * (1 - (front[3] ?? 1)));
  const light = (rgb) => rgb.map((each) => (each /= 255) <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, i) => sum + each * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => node ? over(numbers(getComputedStyle(node).backgroundColor), behind(node.parentElement)) :
    (matchMedia('(prefers-color-scheme: dark)').matches ? [0, 0, 0] : [255, 255, 255]);
  const ratio = (one, other) => { const [low, high] = [light(one), light(other)].sort((a, b) => a - b); return (high + 0.05) / (low + 0.05); };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility() || ['SCRIPT', 'STYLE'].includes(node.tagName)) continue;
    const found = ratio(numbers(getComputedStyle(node).color).slice(0, 3), behind(node));
    if (found < 4.5) low.push(`${walker.currentNode.data.trim().slice(0, 30)}: ${found.toFixed(2)}`);
  }
  const style = getComputedStyle(document.documentElement), probe = document.createElement('i');
  document.body.append(probe);
  const colour = (name) => { probe.style.color = style.getPropertyValue('--' + name); return numbers(getComputedStyle(probe).color); };
  const panel = colour('panel');
  const drawn = [['ink', 'bid-wash', 4.5], ['ink', 'ask-wash', 4.5], ['soft', 'panel', 4.5], ['ink', 'wash', 4.5], ['bid', 'bid-wash', 4.5],
    ['ask', 'ask-wash', 4.5], ['edge', 'panel', 3], ['edge', 'page', 3], ['spread', 'page', 3]];
  for (const name of ['value', 'public', 'spread', 'bid', 'ask', 'won', 'lost', 'accent']) drawn.push([name, 'panel', 3]);
  for (let i = 0; i < 8; i++) drawn.push([`population-${i}`, 'panel', 3]);
  for (const [front, back, least] of drawn) {
    const found = ratio(colour(front).slice(0, 3), colour(back).slice(0, 3));
    if (found < least) low.push(`${front} on ${back}: ${found.toFixed(2)}`);
  }
  probe.remove();
  return low;
}
