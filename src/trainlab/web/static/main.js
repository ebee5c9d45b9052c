// The server's page: the lab with every control, its answers from the socket, its state in the address.

import { createBuildPanel } from "./build_panel.js";
import { startLab } from "./lab.js";
import { openLink } from "./link.js";
import { pageAddress } from "./state.js";

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
