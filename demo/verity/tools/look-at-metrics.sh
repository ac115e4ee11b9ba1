#!/bin/sh
# Shows what the company's own metrics and its worker's log say, and changes nothing: look-at-metrics.sh ADDRESS
set -eu
address=$1
if [ "${FRONTLINE_STEP:-}" = plan ]; then
  echo '{"summary":"Look at the worker'"'"'s metrics and its log. Nothing is changed."}'
  exit
fi
metrics=$(curl -fsS --max-time 10 "$address/metrics")
value() { echo "$metrics" | awk -v name="$1" '$1 == name { printf "%d", $2 }'; }
waiting=$(value verity_decision_queue_messages)
made=$(value verity_decisions_total)
failed=$(value verity_decision_failures_total)
printf '{"frontline":"table","title":"Decision worker","columns":["Figure","Value"],"rows":[["Sessions that wait",%d],["Decisions made",%d],["Tries that failed",%d]]}\n' \
  "$waiting" "$made" "$failed"
curl -fsS --max-time 10 "$address/worker.log"
printf '{"frontline":"result","summary":"%d sessions wait. The last failures are in the output.","facts":{"waiting":%d,"failed":%d}}\n' "$waiting" "$waiting" "$failed"
