package chain

import "fmt"

// raw is a pipeline codec that passes payloads on as they are, without a copy.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) {
	payload, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("a %T is not a payload", v)
	}
	return payload, nil
}

func (raw) Unmarshal(data []byte, v any) error {
	payload, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("a %T does not hold a payload", v)
	}
	*payload = data
	return nil
}
