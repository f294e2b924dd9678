/** The files of a drop, those in dropped folders included. */

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>} every file as such; of a folder, all that says it is an image
 */
export async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  // Both must be asked for before the first await: the transfer is empty after the event.
  const given = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  const found = await Promise.all(given.map(({ entry, file }) => (entry?.isDirectory ? inside(entry) : [file])));
  return found.flat().filter((file) => file !== null);
}

async function inside(folder) {
  const files = [];
  const reader = folder.createReader();
  for (;;) {
    const entries = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!entries.length) return files;
    for (const entry of entries) files.push(...(await (entry.isDirectory ? inside(entry) : images(entry))));
  }
}

async function images(entry) {
  const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
  return file?.type.startsWith("image/") ? [file] : [];
}
