package translate

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/ecsctl/ecsctl/compose/diag"
	"github.com/ecsctl/ecsctl/compose/source"
)

// A keyNode is a row of the table of compose keys with the rows of the keys below it.
type keyNode struct {
	row   *composeKey
	keys  map[string]*keyNode
	any   *keyNode // below any key
	items *keyNode // below any item
}

// keyTree is the table of the keys of a service as a tree, so that walking a service costs one look-up a key.
var keyTree = sync.OnceValue(func() *keyNode { return treeOf(composeKeys) })

func treeOf(rows []composeKey) *keyNode {
	root := &keyNode{}
	for i := range rows {
		n := root
		for step := range strings.SplitSeq(rows[i].path, ".") {
			switch {
			case step == "*":
				n.any = cmp.Or(n.any, &keyNode{})
				n = n.any
			case step == "[]":
				n.items = cmp.Or(n.items, &keyNode{})
				n = n.items
			default:
				if n.keys == nil {
					n.keys = map[string]*keyNode{}
				}
				n.keys[step] = cmp.Or(n.keys[step], &keyNode{})
				n = n.keys[step]
			}
		}
		n.row = &rows[i]
	}
	return root
}

// applyKeys applies the rows of the keys that n has, in the order of the table.
func (c *container) applyKeys(n *source.Node, tree *keyNode, path *source.Path) {
	if n.Kind == source.Sequence && tree.items != nil {
		for _, item := range n.Items {
			c.applyKeys(item, tree.items, path.Item(item.Index))
		}
	}
	fields := n.Fields
	if !slices.IsSortedFunc(fields, byKey) {
		fields = slices.SortedFunc(slices.Values(fields), byKey)
	}
	for _, f := range fields {
		below := cmp.Or(tree.keys[f.Key], tree.any)
		if below == nil {
			continue
		}
		at := path.Key(f.Written())
		if below.row != nil {
			c.applyKey(below.row, f, at)
		}
		c.applyKeys(f.Value, below, at)
	}
}

func byKey(a, b source.Field) int { return strings.Compare(a.Key, b.Key) }

// applyKey does what a row says: it translates the value, or reports that it is lost. A value that sets nothing after
// all takes its place out of c.set. Null is no value: rows never see it, nor what the files say wrongly, which loading
// leaves as null.
func (c *container) applyKey(row *composeKey, f source.Field, path *source.Path) {
	if f.Value.Kind == source.Null {
		return
	}
	at := place{f.Pos, path.String(), f.Value}
	empty := f.Value.IsEmpty()
	switch {
	case row.fargate != "" && c.t.fargate && !empty:
		c.t.lose(at, row, "F04", "not possible on Fargate: "+row.fargate)
	case row.apply != nil:
		if row.target != "" && !empty {
			c.set[row.target] = at
		}
		said := len(c.t.diags)
		row.apply(c, at)
		if _, sets := c.set[row.target]; row.was != "" && sets && !empty && !lost(c.t.diags[said:]) {
			c.t.notef(at, "M01", "sets %s; ecs-cli %s", row.target, row.was)
		}
	case row.why == "" || empty || row.level == silent:
	default:
		c.t.lose(at, row, "K01", row.why)
	}
}

// lost reports whether the diagnostics of a value say that it does not count.
func lost(diags diag.List) bool {
	return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Severity > diag.Note })
}

// lose reports that a value is lost, as loud as the row says.
func (t *translation) lose(at place, row *composeKey, rule, why string) {
	if row.level == diag.Error {
		t.refuse(at, rule, row.path, "%s", why)
		return
	}
	t.report(at, row.level, rule, "%s", why)
}
