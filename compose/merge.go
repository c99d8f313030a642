package compose

import (
	"slices"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// A merger joins trees (Compose Specification, "Merge").
type merger struct{ diags *diag.List }

// merge joins the value of an earlier file with the value of a later one. Both are canonical; neither is changed.
func (m *merger) merge(earlier, later *source.Node, r *rule, path *source.Path) *source.Node {
	switch {
	case later.Directive == source.Override:
		return plain(later)
	case later.Kind == source.Null && (r == nil || !r.attribute.clears):
		return earlier
	case r != nil && r.attribute.merge != nil:
		return r.attribute.merge(m, earlier, plain(later), r, path)
	case earlier.Kind == source.Null:
		return plain(later)
	case earlier.Kind == source.Mapping && later.Kind == source.Mapping:
		return m.mappings(earlier, later, r, path)
	case earlier.Kind == source.Sequence && later.Kind == source.Sequence:
		return join(earlier, plain(later), r)
	case earlier.IsScalar() && later.IsScalar():
		return plain(later)
	}
	m.diags.Addf(later.Pos, diag.Error, ruleForm, path.String(), "%s cannot be merged with %s of %s: "+
		"write both the same way, or tag this one !override", later.Kind, earlier.Kind, earlier.Pos)
	return plain(later)
}

func (m *merger) mappings(earlier, later *source.Node, r *rule, path *source.Path) *source.Node {
	merged := *earlier
	merged.Fields = slices.Clone(earlier.Fields)
	at := make(map[string]int, len(merged.Fields))
	for i, f := range merged.Fields {
		at[f.Key] = i
	}
	removed := false
	for _, f := range later.Fields {
		i, ok := at[f.Key]
		switch {
		case f.Value.Directive == source.Reset:
			if ok {
				merged.Fields[i].Value, removed = nil, true
			}
			continue
		case !ok:
			at[f.Key] = len(merged.Fields)
			f.Value = plain(f.Value)
			merged.Fields = append(merged.Fields, f)
			continue
		case merged.Fields[i].Value == nil: // reset before, in the same mapping
			f.Value = plain(f.Value)
		default:
			f.Value = m.merge(merged.Fields[i].Value, f.Value, r.key(f.Key), path.Key(f.Key))
		}
		merged.Fields[i] = keepPlace(merged.Fields[i], f)
	}
	if removed {
		merged.Fields = slices.DeleteFunc(merged.Fields, func(f source.Field) bool { return f.Value == nil })
	}
	return &merged
}

// keepPlace returns the merged field at the place of the value that holds: of the earlier one if nothing changed.
func keepPlace(earlier, later source.Field) source.Field {
	if later.Value == earlier.Value {
		return earlier
	}
	return later
}

// join appends the items of later that earlier does not have. Of two items about the same thing the later one holds,
// at the place of the earlier one.
func join(earlier, later *source.Node, r *rule) *source.Node {
	items := slices.Clone(earlier.Items)
	if r == nil || r.about == nil {
		for _, item := range later.Items {
			if !slices.ContainsFunc(items, func(o *source.Node) bool { return equal(o, item) }) {
				items = append(items, item)
			}
		}
		return earlier.WithItems(items)
	}
	at := make(map[string]int, len(items))
	for i, item := range items {
		at[r.about(item)] = i
	}
	for _, item := range later.Items {
		about := r.about(item)
		if i, ok := at[about]; ok {
			items[i] = item
			continue
		}
		at[about] = len(items)
		items = append(items, item)
	}
	return earlier.WithItems(items)
}

// unique keeps one item of each thing the items of a list are about: the last, at the place of the first.
func unique(n *source.Node, r *rule) *source.Node {
	if r.about == nil || n.Kind != source.Sequence || len(n.Items) < 2 {
		return n
	}
	kept := join(n.WithItems(nil), n, r)
	if len(kept.Items) == len(n.Items) {
		return n
	}
	return kept
}

// equal reports whether two values are the same, wherever they are written.
func equal(a, b *source.Node) bool {
	if a == b {
		return true
	}
	if a.Kind != b.Kind || a.IsScalar() && a.Text != b.Text || len(a.Fields) != len(b.Fields) {
		return false
	}
	for _, f := range a.Fields {
		if o := b.Get(f.Key); o == nil || !equal(f.Value, o) {
			return false
		}
	}
	return slices.EqualFunc(a.Items, b.Items, equal)
}

// plain returns n without directives: what a value with nothing to merge with comes to.
func plain(n *source.Node) *source.Node {
	if !n.Tagged {
		return n
	}
	c := *n
	c.Tagged, c.Directive = false, source.NoDirective
	c.Fields, c.Items = nil, nil
	for _, f := range n.Fields {
		if f.Value.Directive != source.Reset {
			f.Value = plain(f.Value)
			c.Fields = append(c.Fields, f)
		}
	}
	for _, item := range n.Items {
		c.Items = append(c.Items, plain(item))
	}
	return &c
}

// replace lets the later value hold, also if it is null: a command is never a mixture of two.
func replace(_ *merger, _, later *source.Node, _ *rule, _ *source.Path) *source.Node { return later }

// mergeLogging merges the options of one driver; another driver takes none of them.
func mergeLogging(m *merger, earlier, later *source.Node, r *rule, path *source.Path) *source.Node {
	if earlier.Kind != source.Mapping || later.Kind != source.Mapping {
		return later
	}
	before, after := earlier.Get("driver"), later.Get("driver")
	if before != nil && after != nil && before.Text != after.Text {
		return later
	}
	return m.mappings(earlier, later, r, path)
}

// mergeUlimit merges the soft and the hard limit; a single number replaces both.
func mergeUlimit(m *merger, earlier, later *source.Node, r *rule, path *source.Path) *source.Node {
	if earlier.Kind != source.Mapping || later.Kind != source.Mapping {
		return later
	}
	return m.mappings(earlier, later, r, path)
}
