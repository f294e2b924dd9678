/** The page: wires its parts together. */

import { showAbout } from "./about.js";
import { Answers } from "./answers.js";
import { getJson } from "./api.js";
import { openChooser } from "./chooser.js";
import { find } from "./dom.js";
import { Health } from "./health.js";
import { openIntake } from "./intake.js";
import { openKeyField } from "./key.js";
import { note } from "./note.js";
import { openSamples } from "./samples.js";
import { sleep } from "./sleep.js";
import { Status } from "./status.js";
import { counted } from "./words.js";

/** The cards, however long the server takes to come. */
async function models() {
  for (;;) {
    try {
      return (await getJson("/models")).models;
    } catch {
      await sleep(2000);
    }
  }
}

async function start() {
  const health = new Health();
  const status = new Status(health);
  openKeyField();
  health.start();

  const early = []; // photos that come before the models are known
  let take = (files) => {
    early.push(...files);
    note(`${counted(early.length, "photo")} wait${early.length === 1 ? "s" : ""} for the server to say which models it has.`);
  };
  const taken = (files) => {
    note("");
    take(files);
  };
  openIntake(taken);

  const cards = await models();
  if (!cards.length) {
    find("models-none").hidden = false;
    return;
  }
  let chosen = cards[0];
  const answers = new Answers(() => chosen.name);
  const samples = openSamples(taken); // not waited for: the photos are what the page is for
  openChooser(cards, (model) => {
    chosen = model;
    status.speakOf(model.name);
    samples.then((found) => found.suit(model));
    showAbout(model);
    answers.offerAgain();
  });
  take = (files) => answers.take(files);
  if (early.length) taken(early);
  document.body.classList.add("ready");
}

start();
