package adf_test

import (
	"fmt"

	"snowdrift/internal/adf"
)

var description = []byte(`{"type": "doc", "version": 1, "content": [
	{"type": "paragraph", "content": [
		{"type": "text", "text": "Ask "},
		{"type": "mention", "attrs": {"id": "account-7", "text": "@User 7"}},
		{"type": "text", "text": " about "},
		{"type": "text", "text": "TO_DO", "marks": [{"type": "strong"}]}]},
	{"type": "taskList", "attrs": {"localId": "1"}, "content": [
		{"type": "taskItem", "attrs": {"localId": "2", "state": "DONE"}, "content": [
			{"type": "text", "text": "read *everything*"}]}]}]}`)

func ExampleAppendText() {
	text, err := adf.AppendText(nil, description)
	fmt.Println(string(text), err)
	// Output:
	// Ask @User 7 about TO_DO
	// read *everything* <nil>
}

func ExampleAppendMarkdown() {
	md, err := adf.AppendMarkdown(nil, description)
	fmt.Println(string(md), err)
	// Output:
	// Ask @User 7 about **TO_DO**
	//
	// - [x] read \*everything\* <nil>
}
