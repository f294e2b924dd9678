/** The files of a drop, those in dropped folders included. */

/**
 * @param {DataTransfer} transfer
 * @returns {Promise<{files: File[], others: number}>} every file as such, and of a folder all that says it is an
 * image; how many of a folder's entries are none, or cannot be read
 */
export async function dropped(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  // Both must be asked for before the first await: the transfer is empty after the event.
  const given = items.map((item) => ({ entry: item.webkitGetAsEntry?.(), file: item.getAsFile() }));
  const found = await Promise.all(given.map(({ entry, file }) => (entry?.isDirectory ? inside(entry) : [file])));
  const all = found.flat();
  const files = all.filter((file) => file !== null);
  return { files, others: all.length - files.length };
}

/** A folder's images, and a null for each other entry. */
async function inside(folder) {
  const files = [];
  const reader = folder.createReader();
  for (;;) {
    const entries = await new Promise((resolve) => reader.readEntries(resolve, () => resolve(null)));
    if (!entries) return [...files, null];
    if (!entries.length) return files;
    for (const entry of entries) files.push(...(await (entry.isDirectory ? inside(entry) : image(entry))));
  }
}

async function image(entry) {
  const file = await new Promise((resolve) => entry.file(resolve, () => resolve(null)));
  return [file?.type.startsWith("image/") ? file : null];
}
