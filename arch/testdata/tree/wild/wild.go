// Package wild answers to nobody and is in no table. // want folder "this folder is not in the table"
package wild
