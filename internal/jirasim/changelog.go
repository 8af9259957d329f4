package jirasim

// inlineChanges is how many entries Cloud shows inside an issue.
const inlineChanges = 40

// appendChangelog writes the changelog inside an issue: Cloud the newest 40,
// newest first; Data Center all of it, oldest first.
func (v *view) appendChangelog(b []byte, is *issue) []byte {
	all := v.history(is)
	n, size := len(all), len(all)
	if v.s.cloud {
		n, size = min(len(all), inlineChanges), inlineChanges
	}
	b = append(b, `{"startAt":0,"maxResults":`...)
	b = appendInt(b, int64(size))
	b = append(b, `,"total":`...)
	b = appendInt(b, int64(len(all)))
	b = append(b, `,"histories":`...)
	b = list(b, n, func(b []byte, i int) []byte {
		if v.s.cloud {
			i = len(all) - 1 - i
		}
		return v.appendChange(b, &all[i], false)
	})
	return append(b, '}')
}

// appendChange writes one entry; bulk fetches tell the instant as a number.
func (v *view) appendChange(b []byte, c *change, millis bool) []byte {
	b = append(b, `{"id":"`...)
	b = appendInt(b, c.id)
	b = append(b, '"')
	if c.author >= 0 {
		b = append(b, `,"author":`...)
		b = append(b, v.s.cat.users[c.author].json...)
	}
	b = append(b, `,"created":`...)
	if millis {
		b = appendInt(b, c.at)
	} else {
		b = appendTime(b, c.at, v.s.loc)
	}
	b = append(b, `,"items":`...)
	b = list(b, len(c.items), func(b []byte, i int) []byte { return v.appendItem(b, &c.items[i]) })
	return append(b, '}')
}

func (v *view) appendItem(b []byte, it *item) []byte {
	b = append(b, `{"field":`...)
	b = appendString(b, it.field)
	if it.custom {
		b = append(b, `,"fieldtype":"custom"`...)
	} else {
		b = append(b, `,"fieldtype":"jira"`...)
	}
	if it.fieldID != "" && v.s.cloud { // Data Center gives none
		b = append(b, `,"fieldId":`...)
		b = appendString(b, it.fieldID)
	}
	for _, side := range []struct {
		name  string
		value *string
	}{{"from", it.from}, {"fromString", it.fromString}, {"to", it.to}, {"toString", it.toString}} {
		b = append(b, `,"`...)
		b = append(b, side.name...)
		b = append(b, `":`...)
		if side.value == nil {
			b = append(b, "null"...)
		} else {
			b = appendString(b, *side.value)
		}
	}
	return append(b, '}')
}
