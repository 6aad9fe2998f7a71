package pipeline

// Flow is a stream of values of one type, made by [Source], a stage or a
// [Branch]. Hang as many stages on it as you like: each gets every message.
// The zero Flow belongs to no pipeline; what is hung on it never runs.
type Flow[T any] struct {
	pipeline *Pipeline
	ports    []*port
}

// Topics returns the topics that carry the flow: one, or several if it was merged.
func (f Flow[T]) Topics() []string {
	topics := make([]string, len(f.ports))
	for i, p := range f.ports {
		topics[i] = p.topic()
	}
	return topics
}

// home returns the pipeline of the flow.
func (f Flow[T]) home() *Pipeline {
	if f.pipeline == nil {
		return orphan()
	}
	return f.pipeline
}

// Source adds a flow that messages are published into from outside, with a
// [Publisher] or by anything that writes to its topic. Of the stage options,
// WithCodec applies.
func Source[T any](p *Pipeline, name string, options ...StageOption) Flow[T] {
	if p == nil {
		p = orphan()
	}
	s := p.defaults
	for _, o := range options {
		if o == nil {
			p.fault("source %q: an option is nil", name)
			continue
		}
		o.applyStage(&s)
	}
	out := p.addPort(name, s.codec)
	out.source = true
	return Flow[T]{pipeline: p, ports: []*port{out}}
}

// Merge joins flows of one type: a stage on the result gets the messages of all
// of them, each flow's in its own order.
func Merge[T any](flows ...Flow[T]) Flow[T] {
	var merged Flow[T]
	var zero bool
	for _, f := range flows {
		switch {
		case f.pipeline == nil:
			zero = true
			continue
		case merged.pipeline == nil:
			merged.pipeline = f.pipeline
		case f.pipeline != merged.pipeline:
			merged.pipeline.fault("merge: flows of two pipelines, %q and %q: publish into a source of the other one instead", merged.pipeline.name, f.pipeline.name)
			continue
		}
		for _, in := range f.ports {
			for _, already := range merged.ports {
				if already == in {
					merged.pipeline.fault("merge: flow %q twice", in.name)
				}
			}
			merged.ports = append(merged.ports, in)
		}
	}
	if zero && merged.pipeline != nil {
		merged.pipeline.fault("merge: a flow is the zero Flow, which belongs to no pipeline")
	}
	return merged
}
