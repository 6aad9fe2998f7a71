package snippets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/pipeline"
)

// begin price
// Price is what an order has from version 2 on, in place of Cents.
type Price struct {
	Amount   int    `json:"amount"`
	Currency string `json:"currency"`
}

// PricedOrder is an order of version 2.
type PricedOrder struct {
	ID    string `json:"id"`
	Price Price  `json:"price"`
}

// orderCodec reads orders of versions 1 and 2, and writes version 2.
type orderCodec struct{ pipeline.JSON }

func (c orderCodec) Unmarshal(data []byte, v any) error {
	order, ok := v.(*PricedOrder)
	if !ok {
		return fmt.Errorf("orderCodec is for orders, not for a %T", v)
	}
	var both struct {
		PricedOrder
		Cents *int `json:"cents"`
	}
	if err := json.Unmarshal(data, &both); err != nil {
		return err
	}
	if *order = both.PricedOrder; both.Cents != nil { // version 1
		order.Price = Price{*both.Cents, "EUR"}
	}
	return nil
}

// end price

// What the guide warns of.
func TestAnOldProgramReadsNoCentsInANewMessage(t *testing.T) {
	var o Order
	require.NoError(t, pipeline.JSON{}.Unmarshal([]byte(`{"id":"o-1","price":{"amount":2599,"currency":"EUR"}}`), &o))
	require.Equal(t, Order{ID: "o-1"}, o)
	_, err := charge(t.Context(), o)
	require.ErrorContains(t, err, "not positive")
}

func Example_versions() {
	ctx := context.Background()
	client, transport := connect()
	defer client.Close()

	// begin versions
	shop := pipeline.New("versions")
	placed := pipeline.Source[PricedOrder](shop, "placed", pipeline.WithCodec(orderCodec{}))
	pipeline.Sink(placed, "charge", func(_ context.Context, o PricedOrder) error {
		_, err := fmt.Println(o.ID, o.Price.Amount, o.Price.Currency)
		return err
	})
	// end versions

	// A message of a program that nobody has upgraded yet.
	publisher, err := transport.Publisher()
	check(err)
	check(publisher.Publish(placed.Topics()[0], message.NewMessage(watermill.NewUUID(), []byte(`{"id":"o-1","cents":2599}`))))
	check(publisher.Close())
	check(publish(ctx, transport, placed, PricedOrder{"o-2", Price{120, "CHF"}}))
	check(workOff(ctx, shop, transport))
	// begin versions-output

	// Output:
	// o-1 2599 EUR
	// o-2 120 CHF
}
