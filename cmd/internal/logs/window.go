package logs

// A window remembers the ids of recent events. The zero value is empty.
type window struct {
	ids    map[string]bool
	order  []seenEvent // in which they were passed on
	newest int64       // time of the newest event, milliseconds since 1970
	floor  int64       // no event from this time on was forgotten
}

type seenEvent struct {
	id string
	at int64
}

func (w *window) has(id string) bool { return w.ids[id] }

// add remembers an event. If there are too many it forgets the first, and with it the time of that.
func (w *window) add(id string, at int64) {
	if w.ids == nil {
		w.ids = map[string]bool{}
	}
	w.ids[id] = true
	w.order = append(w.order, seenEvent{id, at})
	w.newest = max(w.newest, at)
	if len(w.order) > maxIDs {
		w.floor = max(w.floor, w.order[0].at+1)
		w.drop()
	}
}

// forget forgets the first events, as far as they are before a time.
func (w *window) forget(before int64) {
	for len(w.order) > 0 && w.order[0].at < before {
		w.drop()
	}
}

func (w *window) drop() {
	delete(w.ids, w.order[0].id)
	w.order = w.order[1:]
}
