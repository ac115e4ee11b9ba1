package main

import (
	"context"

	night "frontline/demo"
)

// demo is the command that lets a night happen.
type demo struct {
	Dir          string `help:"Where everything is kept, and left afterwards. Without it everything goes into a temporary folder that is removed at the end." placeholder:"FOLDER"`
	Listen       string `help:"Address of Frontline; another port is taken when this one is in use." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Company      string `help:"Address of the company's screens." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	Queue        string `help:"What the company's queue is in: rabbitmq, files, or auto for RabbitMQ where it is installed." enum:"auto,rabbitmq,files" default:"auto"`
	Alertmanager string `help:"Who sends the alerts: genuine, played, or auto for Prometheus' own Alertmanager where it is installed." enum:"auto,genuine,played" default:"auto"`
	Script       bool   `help:"Play the person on call too, through the API, and end."`
}

// Run implements the command.
func (d demo) Run(ctx context.Context, env environment) error {
	return night.Run(ctx, night.Options{Out: env.stdout, Dir: d.Dir, Listen: d.Listen, Company: d.Company, Queue: d.Queue, Alertmanager: d.Alertmanager, Script: d.Script})
}
