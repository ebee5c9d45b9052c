// A chosen task has the network and the goal follow: inputs, outputs, and what counts as solved.

import { kindOf, partAt, widthsOf } from "./experiment_form.js";
import { withValue } from "./state.js";

const TASK_RIGHT = 0.95;

/**
 * Return the experiment as its task needs it, and in words what was changed for that; "" if nothing was.
 * Of another kind of task than `before` the goal follows, too: every answer near its target for a table
 * and a regression, nearly all classes right for points that are drawn at random.
 */
export function fittedToTask(experiment, before, schema) {
  const kind = kindOf(experiment, "task", schema);
  const shape = schema.tasks[kind];
  if (!shape) return { experiment, said: "" };
  const task = partAt(experiment, "task");
  const size = (value) => (typeof value === "string" ? taskField(task, value, kind, schema) : value);
  const classes = size(shape.classes);
  const outputs = classes === null ? 1 : classes > 2 || taskField(task, "one_hot", kind, schema) ? classes : 1;
  const widths = [size(shape.inputs), ...widthsOf(experiment).slice(1, -1), outputs];
  const said = [];
  let fitted = experiment;
  if (widths.join() !== widthsOf(experiment).join() && widths.every(Number.isInteger)) {
    fitted = withValue(fitted, "network.widths", widths);
    said.push(`The network follows the data: ${widths.join("-")}.`);
  }
  if (kind !== kindOf(before, "task", schema)) {
    const wanted = classes === null || shape.table ? undefined : { name: "accuracy", accuracy: TASK_RIGHT };
    if (JSON.stringify(wanted) !== JSON.stringify(fitted.solved)) {
      fitted = withValue(fitted, "solved", wanted);
      const goal = wanted ? `${100 * TASK_RIGHT} % of the classes right` : "every answer near its target";
      said.push(`Solved now means ${goal}; it stands under More.`);
    }
  }
  return { experiment: fitted, said: said.join(" ") };
}

function taskField(task, name, kind, schema) {
  if (typeof task === "object" && task[name] !== undefined) return task[name];
  return schema.parts.task.kinds[kind].fields.find((field) => field.name === name)?.default;
}
