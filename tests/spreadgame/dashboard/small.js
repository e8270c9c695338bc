// The labels of the page that are smaller than a 45th of its height.
() => {
  const least = innerHeight / 45, found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (text && node.checkVisibility() && parseFloat(getComputedStyle(node).fontSize) < least) found.push(text.slice(0, 30));
  }
  return [...found, ...window.written.filter(([, size]) => size < least).map(([text]) => text)];
}
