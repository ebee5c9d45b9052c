// Frames: binary messages of the server, read in place. Their form is told in trainlab/web/frames.py.

const FRAME_ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
};

/**
 * Return the header of a frame and its arrays, as views of the message: `{values, shape}` each.
 * @param {ArrayBuffer} message
 * @returns {{header: object, arrays: Record<string, {values: ArrayLike<number>, shape: number[]}>}}
 */
export function decodeFrame(message) {
  const length = new DataView(message).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length)));
  const arrays = {};
  for (const [name, type, shape, place] of header.arrays) {
    const count = shape.reduce((product, size) => product * size, 1);
    const Values = FRAME_ARRAYS[type];
    // No array, no place: an empty one may lie at the very end.
    const values = count ? new Values(message, 4 + length + place, count) : new Values(0);
    arrays[name] = { values, shape };
  }
  return { header, arrays };
}
