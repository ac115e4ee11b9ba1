package exec

import "frontline/integration/exec/keeper"

// What is said between the server and a keeper.
type (
	order  = keeper.Order
	news   = keeper.News
	wrong  = keeper.Wrong
	ending = keeper.Ending
	box    = keeper.Box
	place  = keeper.Place
	probe  = keeper.Probe
	tried  = keeper.Tried
)
