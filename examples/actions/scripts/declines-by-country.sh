#!/bin/sh
# Counts decisions of a customer by country, beside those of all customers, and prints a chart and a table. The log is CSV:
# time, session, customer, country, document, state, because.
set -eu
exec awk -F, -v customer="$FL_CUSTOMER" '
  $6 == "" { next }
  { every[$4]++; if ($6 == "declined") everyDeclined[$4]++ }
  $3 == customer { mine[$4]++; n++; if ($6 == "declined") { declined[$4]++; d++ } }
  function rate(part, whole) { return whole ? sprintf("%.1f", 100 * part / whole) : "0" }
  END {
    if (!n) { printf "{\"frontline\":\"result\",\"summary\":\"No decision about people of %s is in the log.\",\"facts\":{\"decisions\":0}}\n", customer; exit }
    for (c in mine) {
      i = ++countries; name[i] = c
      while (i > 1 && name[i - 1] > name[i]) { t = name[i]; name[i] = name[i - 1]; name[i - 1] = t; i-- }
    }
    for (i = 1; i <= countries; i++) {
      c = name[i]; own = rate(declined[c], mine[c]); all = rate(everyDeclined[c], every[c])
      labels = labels sprintf("%s\"%s\"", i > 1 ? "," : "", c)
      ours = ours (i > 1 ? "," : "") own; theirs = theirs (i > 1 ? "," : "") all
      rows = rows sprintf("%s[\"%s\",%d,%d,\"%s %%\",\"%s %%\"]", i > 1 ? "," : "", c, mine[c], declined[c], own, all)
      if (worst == "" || own + 0 > worstRate + 0) { worst = c; worstRate = own }
    }
    printf "{\"frontline\":\"chart\",\"title\":\"Declined by country\",\"unit\":\"%%\",\"bars\":true,\"labels\":[%s],\"series\":[{\"name\":\"%s\",\"values\":[%s]},{\"name\":\"all customers\",\"values\":[%s]}]}\n", labels, customer, ours, theirs
    printf "{\"frontline\":\"table\",\"title\":\"Declined by country\",\"columns\":[\"country\",\"decisions\",\"declined\",\"rate\",\"all customers\"],\"rows\":[%s]}\n", rows
    printf "{\"frontline\":\"result\",\"summary\":\"%s stands out with %s: %s %% of %d decisions declined; %s %% over all countries.\",\"facts\":{\"decisions\":%d,\"declined\":%d}}\n", customer, worst, worstRate, mine[worst], rate(d, n), n, d
  }' "$1"
