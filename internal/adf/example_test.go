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

func ExampleValid_AppendText() {
	fmt.Println(string(adf.Valid(description).AppendText(nil)))
	// Output:
	// Ask @User 7 about TO_DO
	// read *everything*
}

func ExampleValid_AppendMarkdown() {
	fmt.Println(string(adf.Valid(description).AppendMarkdown(nil)))
	// Output:
	// Ask @User 7 about **TO_DO**
	//
	// - [x] read \*everything\*
}
