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
    play();
  };
  const playsHLS = video?.canPlayType("application/vnd.apple.mpegurl");
  if (video && !playsHLS) document.getElementById("no-hls").hidden = false;
  // A stream that begins later, or begins again, is picked up without a click; its first segment
  // takes some seconds, and nothing is asked for while it is off the air.
  let due = 0;
  const start = () => {
    due = 0;
    const isOver = !video.hasAttribute("src") || video.error || video.ended;
    if (isOver && live.querySelector(".badge.live")) video.src = video.dataset.src;
  };
  const play = () => { if (playsHLS && !due) due = setTimeout(start, 5000); };
  video?.addEventListener("error", play);
  video?.addEventListener("ended", play);
})();
