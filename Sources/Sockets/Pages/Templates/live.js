"use strict";
(() => {
  const link = document.getElementById("link");
  const live = document.getElementById("live");
  const video = document.getElementById("video");
  const say = (state, text) => { link.className = "link " + state; link.textContent = text; };
  const source = new EventSource(link.dataset.events);
  source.onopen = () => say("up", "Live");
  source.onerror = () => say("down", "Not live; trying again");
  source.onmessage = (event) => {
    const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
    live.innerHTML = JSON.parse(event.data);
    if (focused) document.getElementById(focused)?.focus();
  };
  if (!video) return;
  if (!video.canPlayType("application/vnd.apple.mpegurl")) {
    document.getElementById("no-hls").hidden = false;
    return;
  }
  // While the stream is on the air the player is kept going: one that begins later or again is
  // loaded, and one that has waited for a quarter of a minute is loaded anew. Nothing is asked for
  // while the stream is off the air.
  const everyMilliseconds = 5000, waitsMax = 3;
  let waits = 0, position = 0;
  setInterval(() => {
    const isWaiting = video.readyState < video.HAVE_FUTURE_DATA && video.currentTime === position;
    waits = isWaiting ? waits + 1 : 0;
    position = video.currentTime;
    const isOver = !video.hasAttribute("src") || video.error || video.ended || waits >= waitsMax;
    if (!isOver || !live.querySelector(".badge.live")) return;
    waits = 0;
    video.src = video.dataset.src;
  }, everyMilliseconds);
})();
