// How things are told apart: each population has a colour, a shape and a dash, so that none means anything alone.

const COLOURS = 8;
const SHAPES = ["circle", "square", "triangle", "diamond", "cross", "wedge", "bar"];
const DASHES = [[], [9, 4], [3, 3], [12, 3, 3, 3], [6, 2, 2, 2, 2, 2]];

// Reading a style takes longer than drawing with it, so each is read once until the page looks different.
const read = new Map();

function styled(name, of) {
  if (!read.has(name)) read.set(name, of(getComputedStyle(document.documentElement)));
  return read.get(name);
}

/** Read the styles anew: the window or the colour scheme has changed. */
export const restyle = () => read.clear();

/** A colour of style.css, by its name there. */
export const tint = (name) => styled(name, (style) => style.getPropertyValue(`--${name}`).trim());

/** Pixels of a rem, which style.css makes of the height of the page. */
export const rem = () => styled("font-size", (style) => parseFloat(style.fontSize));

/** The font of what is drawn: of whole pixels, since uPlot makes no others larger where pixels are small. */
export const font = (scale = 1, weight = 400) =>
  `${weight} ${Math.ceil(scale * rem())}px system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif`;

/** How the population of a number looks. */
export function lookOf(number) {
  return { colour: tint(`population-${number % COLOURS}`), shape: SHAPES[number % SHAPES.length], dash: dashOf(number) };
}

/** The dash of the line of a number. */
export const dashOf = (number) => DASHES[number % DASHES.length];

/** Draw a mark of a shape around a point: filled, or its outline. */
export function drawMark(context, shape, x, y, radius, filled) {
  context.beginPath();
  const corners = {
    circle: () => context.arc(x, y, radius, 0, 2 * Math.PI),
    square: () => context.rect(x - 0.85 * radius, y - 0.85 * radius, 1.7 * radius, 1.7 * radius),
    triangle: () => polygon(context, [[x, y - 1.1 * radius], [x + radius, y + 0.8 * radius], [x - radius, y + 0.8 * radius]]),
    wedge: () => polygon(context, [[x, y + 1.1 * radius], [x + radius, y - 0.8 * radius], [x - radius, y - 0.8 * radius]]),
    diamond: () => polygon(context, [[x, y - 1.2 * radius], [x + 1.2 * radius, y], [x, y + 1.2 * radius], [x - 1.2 * radius, y]]),
    bar: () => context.rect(x - 0.45 * radius, y - 1.2 * radius, 0.9 * radius, 2.4 * radius),
    cross: () => {
      context.rect(x - 1.2 * radius, y - 0.4 * radius, 2.4 * radius, 0.8 * radius);
      context.rect(x - 0.4 * radius, y - 1.2 * radius, 0.8 * radius, 2.4 * radius);
    },
  };
  corners[shape]();
  if (filled) context.fill();
  else context.stroke();
}

function polygon(context, points) {
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}
