extension Page {
    /// Two palettes, one measure of type; narrow screens turn rows into cards.
    static let stylesheet = """

        :root {
          --paper: #fcfbf8; --panel: #f4f2ec; --ink: #1f1e1b; --muted: #67645c; --rule: #dcd8cd;
          --pass: #2c6a4a; --fail: #a3301d; --open: #7d5c09;
          --s0: #2d5b88; --s1: #b36a1e; --s2: #4f7f4d; --s3: #84528f; --away: #a3301d;
          --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, serif;
          --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
          --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --paper: #15171a; --panel: #1d2024; --ink: #e7e4dc; --muted: #a09d95; --rule: #353a40;
            --pass: #86c8a3; --fail: #f29583; --open: #e2c266;
            --s0: #7fb1e3; --s1: #e2a35e; --s2: #91c48e; --s3: #c79ad3; --away: #f29583;
          }
        }
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
        @media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
        body {
          margin: 0 auto; max-width: 70rem; padding: 3rem 2rem 4rem; background: var(--paper);
          color: var(--ink); font: 1rem/1.55 var(--serif); overflow-wrap: break-word;
        }
        a { color: var(--s0); text-underline-offset: .15em; }
        a:focus-visible, summary:focus-visible, input:focus-visible, select:focus-visible,
        .scroll:focus-visible { outline: 2px solid var(--s0); outline-offset: 2px; }
        .skip { position: absolute; left: -100vw; }
        .skip:focus { left: 1rem; top: .5rem; }
        code, pre { font: .84em/1.5 var(--mono); overflow-wrap: anywhere; }
        td code { overflow-wrap: break-word; }
        pre {
          background: var(--panel); border-left: 3px solid var(--s0); padding: .8rem 1rem;
          white-space: pre-wrap; font-size: 1rem;
        }

        header { border-top: 4px solid var(--ink); padding-top: 1.1rem; }
        header.fail { border-color: var(--fail); }
        header.pass { border-color: var(--pass); }
        header.inconclusive { border-color: var(--open); }
        .kicker {
          margin: 0; font: 600 .8rem/1.4 var(--sans); letter-spacing: .06em; color: var(--muted);
        }
        h1 {
          font-size: clamp(1.65rem, 4.4vw, 2.65rem); line-height: 1.18; font-weight: 500;
          letter-spacing: -.01em; margin: .5rem 0 .7rem; max-width: 28em; text-wrap: balance;
        }
        .standfirst {
          font-size: 1.12rem; color: var(--muted); max-width: 44em; margin: 0 0 1.6rem;
        }
        .partial {
          border: 1px solid var(--open); border-left-width: 4px; padding: .6rem 1rem;
          font-family: var(--sans); font-size: .95rem;
        }
        .facts {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 1rem;
          margin: 0; padding: 1rem 0; border-top: 1px solid var(--rule);
          border-bottom: 1px solid var(--rule); font-family: var(--sans);
        }
        .facts dt { font-size: .78rem; color: var(--muted); }
        .facts dd { margin: .1rem 0 0; font-size: .98rem; font-variant-numeric: tabular-nums; }
        nav { font: .85rem/1.6 var(--sans); margin: .9rem 0 0; }
        nav ol {
          list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem
          1.2rem;
        }
        nav a {
          color: var(--muted); text-decoration: none; padding: .2rem 0; display: inline-block;
        }
        nav a:hover { color: var(--ink); text-decoration: underline; }

        section { margin-top: 3.2rem; }
        h2 { font-size: 1.5rem; font-weight: 500; line-height: 1.25; margin: 0 0 .8rem; }
        h3 { font: 600 .95rem/1.4 var(--sans); margin: 1.8rem 0 .4rem; }
        p { margin: .4rem 0; max-width: 46em; }
        .note, figcaption, caption { font: .85rem/1.5 var(--sans); color: var(--muted); }
        .unit, .after { color: var(--muted); font-size: .88em; }
        .after, time span { white-space: nowrap; }

        .scroll { overflow-x: auto; }
        .scroll + .scroll { margin-top: 1.8rem; }
        table {
          width: 100%; border-collapse: collapse; font: .9rem/1.45 var(--sans);
          font-variant-numeric: tabular-nums;
        }
        caption { text-align: left; padding: 0 0 .4rem; }
        th {
          text-align: left; font-weight: 600; font-size: .78rem; color: var(--muted);
          border-bottom: 1.5px solid var(--ink); padding: .3rem .9rem .3rem 0; vertical-align:
          bottom;
        }
        td {
          padding: .55rem .9rem .55rem 0; border-bottom: 1px solid var(--rule); vertical-align: top;
        }
        th:last-child, td:last-child { padding-right: 0; }
        th.n, td.n { text-align: right; }
        td.n { white-space: nowrap; }
        .rulings td:first-child { white-space: nowrap; }
        .rulings td:nth-child(2) { width: 52%; }
        .rulings td p { margin: .25rem 0 0; color: var(--muted); }
        .rulings td .doubt { color: var(--open); }
        .rulings td .remedy {
          color: var(--ink); border-left: 2px solid var(--s0); padding-left: .7rem; margin-top:
          .5rem;
        }
        .rulings .outcome { display: block; color: var(--muted); font-size: .94em; }
        .rulings strong { font-weight: 600; }
        .mark { font-weight: 600; white-space: nowrap; }
        .mark.pass { color: var(--pass); }
        .mark.fail { color: var(--fail); }
        .mark.inconclusive { color: var(--open); }
        tr.total td {
          border-bottom: 0; border-top: 1px solid var(--rule); padding-top: .5rem; padding-bottom:
          .2rem;
        }
        tfoot tr.total:first-child td { border-top: 1.5px solid var(--ink); }
        table.narrow { max-width: 34rem; }
        .bill td:last-child { width: 26%; white-space: nowrap; }
        .bar {
          display: inline-block; height: .62rem; min-width: 1px; background: var(--s0);
          max-width: calc(100% - 4.2rem); vertical-align: baseline; margin-right: .5rem;
        }
        .share { color: var(--muted); font-size: .88em; }
        .meter {
          position: relative; height: 1.5rem; background: var(--panel); margin: 2.4rem 0 1.6rem;
          border-bottom: 1px solid var(--rule);
        }
        .meter { display: flex; }
        .meter .fill { height: 100%; background: var(--s0); }
        .meter .excess { height: 100%; background: var(--fail); }
        .meter .budget {
          position: absolute; top: -.5rem; bottom: -.3rem; border-left: 2px solid var(--ink);
        }
        .meter span { position: absolute; white-space: nowrap; font: .8rem/1.5 var(--sans); }
        .meter .budget span { bottom: 100%; left: -2px; }
        .meter.within .budget span { left: auto; right: 0; }
        .meter .spent {
          bottom: calc(100% + .5rem); right: 0; font-weight: 600; color: var(--fail);
        }
        .meter.within .spent { right: auto; left: 0; color: var(--pass); }

        .drawing { max-width: 100%; height: auto; }

        .charts {
          display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr));
          gap: 2rem 2.5rem; margin-top: 1.4rem;
        }
        figure { margin: 0; }
        .chart h3 { margin: 0; }
        .chart h3 .unit { font-weight: 400; }
        .legend {
          list-style: none; margin: .1rem 0 .7rem; padding: 0; color: var(--ink); min-height: 3em;
        }
        .legend li span { color: var(--muted); font-variant-numeric: tabular-nums; }
        .key {
          display: inline-block; width: .9rem; height: .2rem; margin-right: .45rem; vertical-align:
          .22em;
        }
        .plot { position: relative; height: 11rem; margin: .6rem 1.1rem 1.9rem 3.4rem; }
        .plot svg { position: absolute; inset: 0; width: 100%; height: 100%; overflow: visible; }
        .plot span {
          position: absolute; font: .74rem/1 var(--sans); color: var(--muted); font-variant-numeric:
          tabular-nums;
        }
        .plot .y {
          right: 100%; margin-right: .5rem; transform: translateY(50%); white-space: nowrap;
        }
        .plot .x { top: 100%; margin-top: .5rem; transform: translateX(-50%); white-space: nowrap; }
        .plot path { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
        .plot .grid { stroke: var(--rule); stroke-width: 1; }
        .plot .line { stroke-width: 1.35; }
        .plot .range { stroke: none; fill-opacity: .2; }
        .plot .away { fill: var(--away); fill-opacity: .15; }
        .plot .home { fill: var(--open); fill-opacity: .6; }
        .line.s0 { stroke: var(--s0); }
        .range.s0 { fill: var(--s0) !important; }
        .key.s0 { background: var(--s0); }
        .line.s1 { stroke: var(--s1); }
        .range.s1 { fill: var(--s1) !important; }
        .key.s1 { background: var(--s1); }
        .line.s2 { stroke: var(--s2); }
        .range.s2 { fill: var(--s2) !important; }
        .key.s2 { background: var(--s2); }
        .line.s3 { stroke: var(--s3); }
        .range.s3 { fill: var(--s3) !important; }
        .key.s3 { background: var(--s3); }
        .bandkey {
          display: inline-block; width: .9rem; height: .8rem; background: var(--away); opacity: .25;
          vertical-align: -.08em; margin-left: .6em;
        }
        .bandkey.home { height: .2rem; background: var(--open); opacity: .6; }
        .week .plot { height: 14rem; margin-left: 2.8rem; }
        .week .d { right: 100%; margin-right: .5rem; transform: translateY(-50%); }
        .week .x { transform: none; }
        .week rect {
          fill: var(--s0); stroke: var(--paper); stroke-width: 1.5; vector-effect: non-scaling-
          stroke;
        }
        .week .none { fill: none; stroke: var(--rule); }
        .h0 { fill-opacity: .05; }
        .h1 { fill-opacity: .16; }
        .h2 { fill-opacity: .28; }
        .h3 { fill-opacity: .4; }
        .h4 { fill-opacity: .54; }
        .h5 { fill-opacity: .68; }
        .h6 { fill-opacity: .84; }
        .h7 { fill-opacity: 1; }

        .assumptions { max-width: 46em; padding-left: 1.2rem; }
        details { border-top: 1px solid var(--rule); padding: .2rem 0; }
        details:last-of-type { border-bottom: 1px solid var(--rule); }
        summary { font: 600 .92rem/1.5 var(--sans); cursor: pointer; padding: .5rem 0; }
        .plain td { padding-top: .3rem; padding-bottom: .3rem; }
        .filter {
          display: flex; flex-wrap: wrap; gap: .6rem 1.2rem; align-items: end; font: .85rem/1.5
          var(--sans); margin: .8rem 0;
        }
        .filter[hidden] { display: none; }
        .filter label { display: grid; gap: .15rem; color: var(--muted); }
        .filter input, .filter select {
          font: 1rem/1.4 var(--sans); color: var(--ink); background: var(--paper);
          border: 1px solid var(--muted); border-radius: 3px; padding: .3rem .5rem; max-width: 100%;
        }
        footer {
          margin-top: 3.5rem; border-top: 1px solid var(--rule); padding-top: .8rem; font: .8rem/1.5
          var(--sans); color: var(--muted);
        }

        @media (max-width: 44rem) {
          body { padding: 1.4rem 1rem 3rem; }
          section { margin-top: 2.4rem; }
          .facts { grid-template-columns: 1fr 1fr; gap: .7rem 1rem; }
          .plot { margin-left: 2.9rem; height: 9.5rem; }
          .plot .minor { display: none; }
          .legend { min-height: 0; }
          .cards, .cards tbody, .cards tfoot, .cards tr, .cards td, .cards caption {
            display: block; width: auto !important;
          }
          .cards thead {
            position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
          }
          .cards tr { border-bottom: 1px solid var(--rule); padding: .7rem 0; }
          .cards td {
            border: 0; padding: .12rem 0; text-align: left !important; white-space: normal
            !important;
          }
          .cards td:empty { display: none; }
          .cards td.n::before, .cards td[data-head="First broken"]::before,
          .cards td[data-head="Healed by"]::before, .cards td[data-head="What to do"]::before {
            content: attr(data-head) " "; color: var(--muted); display: inline-block; min-width:
            7.2rem;
          }
          .cards tr.total { border: 0; padding: .4rem 0; }
          .cards tr.total td { border: 0 !important; }
          .bill tr { display: grid; grid-template-columns: 1fr auto; column-gap: 1rem; }
          .bill td:nth-child(1) { grid-area: 1 / 1; }
          .bill td:nth-child(4) {
            grid-area: 1 / 2; font-weight: 600; text-align: right !important;
          }
          .bill td:nth-child(2) { grid-area: 2 / 1; }
          .bill td:nth-child(5) { grid-area: 2 / 2; text-align: right !important; }
          .bill td:nth-child(3) { grid-area: 3 / 1; }
          .bill td:nth-child(6) { grid-area: 4 / 1 / 4 / span 2; }
          .bill td:nth-child(4)::before { content: none !important; }
          .bill td:nth-child(n + 2)::before { min-width: 0 !important; margin-right: .5em; }
          .bar { max-width: 100%; }
          .events td, .events th { font-size: .8rem; padding-right: .6rem; }
        }
        @media print {
          :root {
            --paper: #fff; --panel: #f3f3f3; --ink: #000; --muted: #444; --rule: #bbb; --s0:
            #2d5b88; --s1: #b36a1e; --pass: #2c6a4a; --fail: #a3301d; --open: #7d5c09;
          }
          body { max-width: none; padding: 0; font-size: 10.5pt; }
          nav, .skip, .filter, #events .log { display: none; }
          section { margin-top: 1.6rem; }
          .charts { grid-template-columns: 1fr 1fr; gap: 1.2rem 1.6rem; }
          .plot { height: 7.5rem; }
          figure, tr, pre { break-inside: avoid; }
          h2, h3 { break-after: avoid; }
          * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
        }

        """
}
