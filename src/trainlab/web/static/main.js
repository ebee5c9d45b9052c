// The server's page: the lab with every control, its answers from the socket, its state in the address.

import { createBuildPanel } from "./build_panel.js";
import { startLab } from "./lab.js";
import { openLink } from "./link.js";
import { pageAddress } from "./state.js";

// A token that came with the address is in a cookie by now, and no part of a link to share.
if (location.search) history.replaceState(null, "", location.pathname + location.hash);

// It goes to a place of the page, and isn't to take the state's place in the address.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("answer").focus();
});

const offered = await fetch("schema.json");
startLab(document.getElementById("lab"), {
  schema: await offered.json(),
  link: openLink,
  address: pageAddress(),
  makePanel: createBuildPanel,
  links: [
    ["Studies", "studies"],
    ["Diagnoses", "diagnoses"],
  ],
});
