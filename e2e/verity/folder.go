package verity

import "strings"

// Folder is the company's configuration; push is the address of its ntfy server.
func Folder(push string) string { return strings.ReplaceAll(folder, "PUSH", push) }

const folder = `teams:
  - {id: support, name: Technical support, lead: marika}
  - {id: pipeline, name: Decision pipeline, lead: rasmus}
people:
  - id: marika
    name: Marika Oja
    email: marika@verity.example
    role: admin
    teams: [support]
    contacts:
      - {channel: ntfy, address: PUSH/verity-marika}
  - id: liis
    name: Liis Tamm
    email: liis@verity.example
    role: support
    teams: [support]
    zone: Europe/Tallinn
    contacts:
      - {channel: ntfy, address: PUSH/verity-liis}
      - {channel: email, address: liis@verity.example, after: 30s}
  - id: karl
    name: Karl Sepp
    email: karl@verity.example
    role: support
    teams: [support]
    contacts:
      - {channel: ntfy, address: PUSH/verity-karl}
      - {channel: email, address: karl@verity.example, after: 30s}
  - {id: rasmus, name: Rasmus Põder, email: rasmus@verity.example, role: member, teams: [pipeline]}
  - {id: tonis, name: Tõnis Kask, email: tonis@verity.example, role: member, teams: [pipeline]}
components:
  - {id: decisions, name: Verification decisions, group: Verification, description: "Whether a person passed, within seconds"}
  - {id: webhooks, name: Webhooks, group: Verification}
services:
  - id: decision-pipeline
    name: Decision pipeline
    team: pipeline
    policy: critical
    components: [decisions, webhooks]
    stakeholders: [rasmus, tonis]
    runbook: https://runbooks.verity.example/decision-pipeline
    actions: [queue/look]
customers:
  - {id: nordpank, name: Nordpank, tier: platinum, components: [decisions, webhooks]}
  - {id: lumo, name: Lumo Exchange, tier: platinum, components: [decisions]}
  - {id: arco, name: Arco Móvil, tier: gold, components: [decisions]}
  - {id: kivi, name: Kivi Credit, tier: silver, components: [webhooks]}
rotations:
  - {id: first-line, name: First line, team: support, zone: Europe/Tallinn, handoff_day: monday, handoff_time: "08:00", start: 2026-11-02, members: [liis]}
  - {id: second-line, name: Second line, team: support, zone: Europe/Tallinn, handoff_day: monday, handoff_time: "08:00", start: 2026-11-02, members: [karl]}
policies:
  - id: critical
    name: Critical
    team: support
    steps:
      - targets: [{rotation: first-line}]
      - after: 5m
        targets: [{rotation: second-line}]
    last_resort: marika
    repeat: 1
actions:
  - id: queue/look
    title: Look at the decision queue
    purpose: How many decisions wait, and since when. Use it first.
    team: support
    services: [decision-pipeline]
    risk: read
    kind: exec
    settings:
      command: [/bin/echo, "512 decisions wait, the oldest since 02:37"]
    inputs:
      - {name: queue, label: Queue, type: choice, choices: [decisions, webhooks], default: decisions}
      - {name: since, label: Since, type: date, help: Only what came on this day or later.}
sources:
  - {id: alertmanager, name: Alertmanager, kind: alertmanager, token: "env:VERITY_ALERTMANAGER"}
  - {id: pagerduty, name: Old monitors, kind: pagerduty, service: decision-pipeline, token: "env:VERITY_PAGERDUTY"}
`
