// Files made on the page, handed to the browser as downloads.

import { element } from "./dom.js";

/** Have the browser save a file. */
export function saveFile(name, blob) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
