// The lab in a notebook's widget: answers come from the kernel, the state is kept by the widget's model.

import { decodeFrame } from "./asking.js";
import { createBuildPanel } from "./build_panel.js";
import { element } from "./dom.js";
import { startLab } from "./lab.js";

/** What anywidget calls for each view of the widget. The page around it keeps its look: the lab has its own root. */
export function renderNotebook({ model, el }) {
  const own = el.attachShadow({ mode: "open" });
  const root = element("div");
  own.append(element("style", {}, model.get("look")), root);
  const ends = [];
  startLab(root, {
    schema: model.get("offered"),
    link: (listeners) => kernelLink(model, listeners, ends),
    address: modelAddress(model, ends),
    makePanel: createBuildPanel,
  });
  return () => ends.forEach((end) => end());
}

/** The link to the kernel: messages of the widget. Each view has lanes of its own. */
function kernelLink(model, { onFrame }, ends) {
  const view = Math.random().toString(36).slice(2); // crypto.randomUUID is for https alone.
  const newest = new Map();
  let count = 0;
  function receive(message, buffers) {
    if (message.view !== view) return;
    const { buffer, byteOffset, byteLength } = buffers[0];
    const { header, arrays } = decodeFrame(buffer.slice(byteOffset, byteOffset + byteLength));
    if (newest.get(header.lane) === header.id) onFrame(header, arrays);
  }
  model.on("msg:custom", receive);
  ends.push(() => {
    model.off("msg:custom", receive);
    model.send({ view, leave: true });
  });
  return {
    ask(lane, question) {
      count += 1;
      newest.set(lane, count);
      model.send({ view, id: count, lane, question });
      return count;
    },
    cancel(lane) {
      newest.delete(lane);
      model.send({ view, cancel: lane });
    },
  };
}

/** The widget's model as the place of the state: it goes with the notebook, and Python can read it. */
function modelAddress(model, ends) {
  return {
    read: () => model.get("address"),
    write(address) {
      model.set("address", address);
      model.save_changes();
    },
    listen(listener) {
      model.on("change:address", listener);
      ends.push(() => model.off("change:address", listener));
    },
  };
}
