/** The ways in for photos: picked, dropped anywhere on the page, or pasted. */

import { find } from "./dom.js";
import { dropped } from "./dropped.js";
import { note } from "./note.js";
import { counted } from "./words.js";

/** @param {(files: File[]) => void} take */
export function openIntake(take) {
  const some = (files) => {
    if (files.length) take(files);
  };
  pick(some);
  drop(some);
  document.addEventListener("paste", (event) => some([...(event.clipboardData?.files ?? [])]));
}

function pick(take) {
  const input = find("files");
  const picked = () => {
    take([...input.files]);
    input.value = ""; // so that the same file can be picked once more
  };
  input.addEventListener("change", picked);
  picked(); // what was picked before this ran
}

function drop(take) {
  const zone = find("drop");
  let depth = 0;
  const over = (change) => {
    depth = Math.max(0, depth + change);
    zone.classList.toggle("drop-over", depth > 0);
  };
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => carries(event) && over(1));
  document.addEventListener("dragleave", (event) => carries(event) && over(-1));
  document.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  document.addEventListener("drop", async (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    over(-depth);
    const { files, others } = await dropped(event.dataTransfer);
    take(files);
    if (!files.length) note("There is no image in what was dropped.");
    else if (others) note(`${counted(others, "file")} of what was dropped ${others === 1 ? "is" : "are"} no image or cannot be read.`);
  });
}
