// Notes each text that is drawn: its size in pixels of the page, smaller where it had to be squeezed.
window.written = [];
const draw = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, x, y, most) {
  const scale = this.getTransform().a, ratio = window.devicePixelRatio || 1;
  const size = parseFloat(this.font.match(/([\d.]+)px/)[1]) * scale / ratio;
  window.written.push([text, most ? size * Math.min(1, most / this.measureText(text).width) : size]);
  return draw.apply(this, arguments);
};
