package jirasim

import (
	"fmt"
	"time"
)

func writeUser(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return append(b, v.s.cat.users[r.n(len(v.s.cat.users))].json...)
}

func writeUsers(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	first, users := r.n(8), v.s.cat.users
	return list(b, 1+r.n(3), func(b []byte, i int) []byte { return append(b, users[(first+i)%len(users)].json...) })
}

func writeGroup(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return append(b, v.s.cat.groups[r.n(len(v.s.cat.groups))].json...)
}

func writeGroups(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	groups := v.s.cat.groups
	return list(b, 1+r.n(len(groups)), func(b []byte, i int) []byte { return append(b, groups[i].json...) })
}

func writeVersion(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	vs := v.s.cat.versions[is.project]
	return append(b, vs[r.n(len(vs))].json...)
}

func writeVersionList(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	vs := v.s.cat.versions[is.project]
	return list(b, 1+r.n(len(vs)), func(b []byte, i int) []byte { return append(b, vs[i].json...) })
}

func writeOtherProject(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return append(b, v.projects[r.n(len(v.projects))].json...)
}

// labelNames hold no blanks, as labels must not.
var labelNames = []string{"backend", "Ürgent", "tech-debt", "q1/2024", "needs:review", "雪", "customer_x", "v2"}

// writeLabels serves the system field and custom label fields.
func writeLabels(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	n := r.n(4)
	if is.flags&fresh != 0 && !f.custom {
		n = 0
	}
	first := r.n(len(labelNames))
	return list(b, n, func(b []byte, i int) []byte { return appendString(b, labelNames[(first+i)%len(labelNames)]) })
}

func writeText(v *view, b []byte, is *issue, f *field) []byte {
	return v.s.prose.appendPhrase(b, v.value(is, f))
}

func writeTextArea(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return v.s.prose.appendProse(b, r, 1+r.n(2), v.adf)
}

func writeURL(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return fmt.Appendf(b, `"https://example.com/q?a=%d&b=%%20#%d"`, r.n(1000), is.id)
}

func writeRank(v *view, b []byte, is *issue, f *field) []byte {
	return fmt.Appendf(b, `"0|%s:"`, rankOf(is.id))
}

// rankOf is the order of an issue on boards: base 36, of one width.
func rankOf(id int64) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	r := draw(0, forRank, id)
	var b [7]byte
	b[0] = 'i'
	for i := 1; i < len(b); i++ {
		b[i] = digits[r.n(36)]
	}
	return string(b[:])
}

func writeEpicName(v *view, b []byte, is *issue, f *field) []byte {
	if is.typ != typeEpic {
		return append(b, "null"...)
	}
	return writeText(v, b, is, f)
}

// writeEpicLink: Cloud moved epics to parent and keeps the field empty.
func writeEpicLink(v *view, b []byte, is *issue, f *field) []byte {
	if p := v.parentSlot(is); p >= 0 && !v.s.cloud && is.typ != typeSubtask {
		return appendString(b, v.baseKey(p))
	}
	return append(b, "null"...)
}

func writeSLA(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	goal := int64(4 * time.Hour / time.Millisecond)
	start, took := is.created, r.n64(2*goal)
	moment := func(ms int64) string {
		return fmt.Sprintf(`{"iso8601":"%s","jira":"%s","friendly":"%s","epochMillis":%d}`,
			time.UnixMilli(ms).In(v.s.loc).Format("2006-01-02T15:04:05-0700"), time.UnixMilli(ms).In(v.s.loc).Format(jiraTime),
			time.UnixMilli(ms).In(v.s.loc).Format("02/Jan/06 3:04 PM"), ms)
	}
	span := func(ms int64) string {
		return fmt.Sprintf(`{"millis":%d,"friendly":"%dh %dm"}`, ms, ms/3_600_000, ms/60_000%60)
	}
	return fmt.Appendf(b, `{"id":"%d","name":"%s","_links":{"self":"%s/rest/servicedeskapi/request/%d/sla/%d"},"completedCycles":[{"startTime":%s,"stopTime":%s,"breachTime":%s,"breached":%t,"goalDuration":%s,"elapsedTime":%s,"remainingTime":%s}]}`,
		f.serial, f.name, v.s.opt.BaseURL, is.id, f.serial, moment(start), moment(start+took), moment(start+goal), took > goal, span(goal), span(took), span(goal-took))
}

func writeRequestType(v *view, b []byte, is *issue, f *field) []byte {
	return fmt.Appendf(b, `{"_links":{"self":"%s/rest/servicedeskapi/request/%d"},"requestType":{"id":"11","name":"Get help","description":"","serviceDeskId":"1"},"currentStatus":{"status":"Waiting for support","statusCategory":"NEW"}}`, v.s.opt.BaseURL, is.id)
}

func writeOrganizations(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return list(b, 1+r.n(2), func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"id":"%d","name":"Organization %d","_links":{"self":"%s/rest/servicedeskapi/organization/%d"}}`, i+1, i+1, v.s.opt.BaseURL, i+1)
	})
}

func writeTeam(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	n := 1 + r.n(6)
	if !v.s.cloud {
		return fmt.Appendf(b, `{"id":%d,"name":"Team %d"}`, 2860+n, n)
	}
	return fmt.Appendf(b, `{"id":"36885b3c-1bf0-4f85-a357-%012d","name":"Team %d","avatarUrl":"","isVisible":true,"title":"Team %d","isShared":true}`, n, n, n)
}

func writeDevelopment(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	if !r.one(6) {
		return append(b, `"{}"`...)
	}
	n := 1 + r.n(5)
	return fmt.Appendf(b, `"{pullrequest={dataType=pullrequest, state=MERGED, stateCount=%d}, json={\"cachedValue\":{\"errors\":[],\"summary\":{\"pullrequest\":{\"overall\":{\"count\":%d}}}},\"isStale\":true}}"`, n, n)
}

func writeAssets(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return list(b, 1+r.n(2), func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"workspaceId":"8b1c2a8e-0000-4000-8000-000000000001","id":"8b1c2a8e-0000-4000-8000-000000000001:%d","objectId":"%d"}`, 40+i, 40+i)
	})
}

// writeAccount: one plugin, two shapes.
func writeAccount(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	n := 1 + r.n(9)
	if r.one(2) {
		return fmt.Appendf(b, `{"id":%d,"value":"Account %d"}`, n, n)
	}
	return fmt.Appendf(b, `{"id":"%d","name":"Account %d","key":"ACC-%d","lead":{"name":"user1"}}`, n, n, n)
}

func writeChecklist(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return list(b, 1+r.n(4), func(b []byte, i int) []byte {
		return fmt.Appendf(b, `{"rank":%d,"name":"Step %d","checked":%t,"mandatory":false}`, i, i+1, r.one(2))
	})
}

func writeTimeInStatus(v *view, b []byte, is *issue, f *field) []byte {
	r := v.value(is, f)
	return fmt.Appendf(b, `"3_*:*_1_*:*_%d_*|*_10000_*:*_1_*:*_%d"`, r.n(9_000_000), r.n(900_000))
}
