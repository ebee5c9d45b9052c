// Numbers in words, as everywhere in trainlab: "1,024", "97 %", "2.4×10⁻⁹".

const FORMAT_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Return a whole number with commas. */
export function formatCount(value) {
  return Math.round(value).toLocaleString("en");
}

/** Return a share as a percentage; close to 0 and 1 one digit more, so that neither is said for less. */
export function formatShare(share) {
  const percent = 100 * share;
  const near = Math.min(percent, 100 - percent);
  return `${percent.toFixed(near > 0 && near < 1 ? 1 : 0)} %`;
}

/** Return a number with three significant digits, or as many as asked; far from 1 with a power of ten. */
export function formatNumber(value, significant = 3) {
  if (value === null || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const sign = value < 0 ? "−" : "";
  if (size >= 0.001 && size < 100_000) {
    const digits = Math.max(0, significant - 1 - Math.floor(Math.log10(size)));
    return sign + Number(size.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: digits });
  }
  return sign + formatPower(size, significant - 2);
}

function formatPower(size, decimals) {
  const [mantissa, power] = size.toExponential(decimals).split("e");
  const raised = [...String(Math.abs(Number(power)))].map((digit) => FORMAT_RAISED[digit]).join("");
  const head = String(Number(mantissa));
  return `${head === "1" ? "" : `${head}×`}10${Number(power) < 0 ? "⁻" : ""}${raised}`;
}
