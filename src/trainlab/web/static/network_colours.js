// Colours of a network's pictures: blue is positive, orange negative, paler the nearer to the middle.

const NETWORK_SHADES = 255;

/**
 * Read the theme's colours where an element stands, and make the scale of heat maps: `shade(share)` is the
 * pixel of a share from −1 to 1, grey of what isn't a number.
 */
export function networkColours(place) {
  const style = getComputedStyle(place);
  const colour = (name) => style.getPropertyValue(`--tl-${name}`).trim();
  const [below, middle, above, none] = ["s2", "bg", "s1", "muted"].map((name) => networkRgb(colour(name)));
  const shades = Uint32Array.from({ length: NETWORK_SHADES }, (_, place) => {
    const share = (2 * place) / (NETWORK_SHADES - 1) - 1;
    const end = share < 0 ? below : above;
    return networkPixel(middle.map((from, part) => from + (end[part] - from) * Math.abs(share)));
  });
  const grey = networkPixel(none);
  return {
    positive: colour("s1"),
    negative: colour("s2"),
    text: colour("text"),
    muted: colour("muted"),
    line: colour("grid"),
    back: colour("bg"),
    shade(share) {
      if (Number.isNaN(share)) return grey;
      return shades[Math.round((Math.min(Math.max(share, -1), 1) * 0.5 + 0.5) * (NETWORK_SHADES - 1))];
    },
  };
}

/** Return the least of 1, 2, 5 × 10ⁿ that isn't below a size. */
export function networkRoundUp(size) {
  if (!(size > 0) || !Number.isFinite(size)) return 1;
  const power = 10 ** Math.floor(Math.log10(size));
  return [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= size * (1 - 1e-9));
}

function networkRgb(hex) {
  return [1, 3, 5].map((place) => Number.parseInt(hex.slice(place, place + 2), 16));
}

/** A pixel as ImageData has it in memory, which is little-endian wherever browsers run. */
function networkPixel([red, green, blue]) {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}
