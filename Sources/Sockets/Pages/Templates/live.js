"use strict";
(() => {
  const link = document.getElementById("link");
  const live = document.getElementById("live");
  const say = (state, text) => { link.className = "link " + state; link.textContent = text; };
  const source = new EventSource(link.dataset.events);
  source.onopen = () => say("up", "Live");
  source.onerror = () => say("down", "Not live; trying again");
  source.onmessage = (event) => {
    const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
    live.innerHTML = JSON.parse(event.data);
    if (focused) document.getElementById(focused)?.focus();
  };
  const video = document.getElementById("video");
  if (!video) return;
  if (!video.canPlayType("application/vnd.apple.mpegurl")) {
    document.getElementById("no-hls").hidden = false;
    return;
  }
  // A stream that begins later, or begins again, is picked up without a click.
  const again = () => setTimeout(() => { if (video.error || video.ended) video.load(); }, 5000);
  video.addEventListener("error", again);
  video.addEventListener("ended", again);
})();
