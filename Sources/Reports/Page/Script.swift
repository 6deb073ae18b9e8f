extension Page {
    /// Filters the event log; without it the log is simply whole.
    static let script = """

        (function () {
          "use strict";
          var form = document.getElementById("filter");
          if (!form) { return; }
          var text = document.getElementById("filter-text");
          var kind = document.getElementById("filter-kind");
          var count = document.getElementById("filter-count");
          var log = document.querySelector("details.log");
          var rows = Array.prototype.slice.call(log.querySelectorAll("tbody tr"));
          function apply() {
            var wanted = text.value.toLowerCase();
            var shown = 0;
            rows.forEach(function (row) {
              var fits = (!kind.value || row.cells[1].textContent === kind.value)
                && (!wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0);
              row.hidden = !fits;
              if (fits) { shown += 1; }
            });
            count.textContent = shown + " shown";
            if (wanted || kind.value) { log.open = true; }
          }
          form.hidden = false;
          form.addEventListener("input", apply);
          form.addEventListener("submit", function (event) { event.preventDefault(); });
          apply();
        })();

        """
}
