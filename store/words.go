package store

import "strings"

// holding says of one table what its columns of text and bytes hold, by name. A test walks the tables of both databases and fails when a column is named
// in none of the parts or in two: what erasing does not know of, it would leave.
type holding struct {
	// refs are ids (those of people too), numbers, hashes and fixed words. They stay.
	refs string
	// prose is what people wrote or programs printed. Of somebody who is erased, names and addresses in it are replaced, wherever they stand.
	prose string
	// bytes are files. One that holds the name or an address is emptied.
	bytes string
	// identity is emptied, or its row deleted, with the person that it belongs to.
	identity string
	// sealed is encrypted for a short time, or belongs to a neighbour and is kept until it expires.
	sealed string
	// configured is what administrators write. It is counted and theirs to change.
	configured string
	// index is the text index: made of the other columns, and made anew where they changed.
	index string
	// about is the column by which a row's prose is in the text index, and of which kind.
	about string
	// unless is of rows that are left alone: what has not come to an end needs its words.
	unless string
}

const unfinished = `state IN ('running', 'waiting', 'unknown')`

// words is that of every table. It is one long, straight piece because it is a list: one line a table.
func words() map[string]holding {
	return map[string]holding{
		"meta":    {refs: "name value"},
		"journal": {refs: "id actor_kind actor via verb subject_kind subject about_kind about facts text_hash hash"},
		"job":     {refs: "id kind key state owner", prose: "args why"},

		"definition":         {refs: "kind id folder", configured: "body"},
		"definition_version": {refs: "kind id folder author", configured: "body"},
		"action_version":     {refs: "action version", configured: "body"},
		"folder":             {refs: "name", configured: "body"},

		"password": {identity: "person hash"},
		"session":  {identity: "id hash person address device"},
		"token":    {refs: "role", identity: "id hash person name hint"},
		"link":     {refs: "purpose", identity: "person hash"},
		"tally":    {refs: "key"},

		"signal_body": {refs: "id source", bytes: "body"},
		"alert_group": {refs: "id source key service team policy state severity acked_by", prose: "title"},
		"alert":       {refs: "id grp source key state severity body", prose: "title detail"},

		"page":          {refs: "id subject_kind subject state", prose: "body"},
		"attempt":       {refs: "id page person state", prose: "body"},
		"rota_override": {refs: "id rotation", prose: "body"},

		"incident":        {refs: "id severity state", prose: "title body", about: "incident number"},
		"incident_group":  {refs: "incident alert_group"},
		"incident_note":   {refs: "id incident kind author salt", prose: "body"},
		"incident_update": {refs: "id incident audience state author salt components", prose: "body", about: "incident incident"},
		"incident_harm":   {refs: "incident", prose: "extent frozen"},
		"incident_notice": {refs: "id incident about person state", prose: "receipt error"},
		"postmortem":      {refs: "incident severity state published_by", prose: "title"},
		"postmortem_text": {refs: "incident author salt", prose: "body", about: "incident incident"},
		"follow_up":       {refs: "id incident owner due made_by done_by salt", prose: "body"},

		"published_page":      {refs: "id zone", configured: "name url"},
		"published_component": {refs: "id status", configured: "name description heading"},
		"published_incident":  {refs: "id state impact components", prose: "name"},
		"published_update":    {refs: "id incident state affected", prose: "body"},

		"run": {refs: "id action version salt for_kind for_id state lane plan_hash start_key holder undoes undone_by glass_by charged in_flow in_step runner origin customer",
			prose: "inputs reason plan result progress planned_by started_by cancelled_by consent glass course", sealed: "sealed", unless: unfinished},
		"run_step":    {refs: "run name", bytes: "payload", unless: `run IN (SELECT id FROM run WHERE ` + unfinished + `)`},
		"run_output":  {refs: "run", prose: "body"},
		"run_file":    {refs: "id run type hash", prose: "name", bytes: "body"},
		"upload":      {refs: "id action input owner type hash", prose: "name"},
		"upload_part": {refs: "upload", bytes: "body"},
		"action_look": {refs: "action actor"},
		"quarantine":  {refs: "id run action owner visibility kind fingerprint state dropped_by", prose: "origin facts drop_reason", sealed: "envelope"},
		"allowance":   {refs: "action version looked_by", prose: "said fault"},
		"handover":    {refs: "team day body"},

		"rule_cursor": {refs: "name"},
		"rule_firing": {refs: "id rule key for_kind for_id action run outcome", prose: "why inputs say"},
		"rule_pause":  {refs: "rule paused_by salt", prose: "reason"},

		"runner":        {refs: "id name labels added_by revoked_by boot version sandbox policy key"},
		"runner_token":  {refs: "hash name labels made_by"},
		"runner_nonce":  {refs: "runner nonce"},
		"assignment":    {refs: "id run step action labels only_for state runner boot last_reply", sealed: "task reply"},
		"stored_secret": {refs: "name team set_by", sealed: "sealed"},

		"party":           {refs: "id", identity: "person address name"},
		"request":         {refs: "id type team service customer asker state waits_for assignee of_request problem incident body", prose: "title fields", about: "request number"},
		"request_follow":  {refs: "person request"},
		"request_message": {refs: "id request kind author party salt channel ref", prose: "body cut", about: "request request"},
		"request_file":    {refs: "id request message type hash", prose: "name", bytes: "body"},
		"request_send":    {refs: "id request message party channel state", prose: "receipt error"},
		"request_draft":   {refs: "person request kind", prose: "body"},
		"request_touch":   {refs: "id request person"},
		"request_got":     {refs: "person"},
		"request_step":    {refs: "bulk request body"},
		"request_tag":     {refs: "request tag"},
		"request_code":    {refs: "request demand author"},
		"request_fact":    {refs: "request type team service customer asker of_request outcome size codes guess verdict"},
		"finding":         {index: "terms hash"},
		"finding_cursor":  {refs: "name filling"},

		"demand":      {refs: "id", prose: "title body"},
		"answer":      {refs: "id state owner request body"},
		"answer_text": {refs: "answer author salt about", prose: "title body"},
		"answer_vote": {refs: "answer person"},
		"answer_use":  {refs: "answer what once person"},

		"escalation":         {refs: "id tracker issue state", prose: "title words body"},
		"escalation_request": {refs: "escalation request", prose: "reason body"},
		"escalation_said":    {refs: "escalation ref salt", prose: "author words"},
		"escalation_out":     {refs: "id escalation state ref", prose: "words body"},
		"tracker_heard":      {refs: "tracker delivery"},
		"tracker_state":      {refs: "tracker", prose: "body"},
		"request_deed":       {refs: "key request"},

		"proposal":        {refs: "state", prose: "body reason"},
		"proposal_member": {refs: "proposal request print"},
		"proposal_night":  {refs: "name", prose: "body"},
		"proposal_word":   {refs: "proposal", prose: "word"},

		"chat_call":   {refs: "id"},
		"chat_post":   {refs: "place ts purpose kind subject of_what"},
		"chat_cursor": {refs: "name"},

		"thanks":        {refs: "id giver about_kind about_id ref"},
		"thanks_to":     {refs: "thanks kind target"},
		"thanks_text":   {refs: "thanks salt", prose: "body"},
		"thanks_wish":   {refs: "person"},
		"thanks_digest": {refs: "month"},

		"watch_state":   {refs: "watch version doc", sealed: "body mark"},
		"watch_count":   {refs: "watch", sealed: "leaves late"},
		"watch_hour":    {refs: "watch", sealed: "body"},
		"watch_taken":   {refs: "watch delivery"},
		"watch_finding": {refs: "id watch state", prose: "body"},

		"erasure": {refs: "id state asked_by step counts", identity: "whom"},
	}
}

// swept lists the tables in which mentions are looked for, in order.
func swept() []string {
	var all []string
	for table, h := range words() {
		if h.prose+h.bytes != "" {
			all = append(all, table)
		}
	}
	return sorted(all)
}

// salted says whether a table's prose has a salt beside it: it goes with the words whose hash the journal has.
func (h holding) salted() bool { return strings.Contains(" "+h.refs+" ", " salt ") }
