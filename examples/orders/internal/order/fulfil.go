package order

// ExpressFromCents is the total from which an order is sent express.
const ExpressFromCents = 10_000

// Speed is how fast a parcel travels.
type Speed string

// The speeds.
const (
	Express  Speed = "express"
	Standard Speed = "standard"
)

// Payment is what a gateway is asked to take.
type Payment struct {
	OrderID string
	Card    string
	Cents   int64
}

// Shipment is one parcel, for one order.
type Shipment struct {
	OrderID  string `json:"order"`
	Customer string `json:"customer"`
	Speed    Speed  `json:"speed"`
}

// Receipt tells a customer what was paid.
type Receipt struct {
	OrderID  string `json:"order"`
	Customer string `json:"customer"`
	Cents    int64  `json:"cents"`
}
