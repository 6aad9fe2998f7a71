// Package chart draws the plots of a report as SVG: groups of bars with their spread,
// and curves. They are 800 pixels wide, as wide as a README is shown, on white, in
// colours that people with any colour vision can tell apart.
package chart
