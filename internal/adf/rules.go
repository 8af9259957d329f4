package adf

// A form says what a node is, and with that how it is written. Several types
// of node share a form.
type form uint8

const (
	formUnknown form = iota // by its content, or else by its text or URL

	// Blocks begin on a line of their own.

	formBlocks     // the blocks inside, nothing of its own
	formParagraph  // a line of text; Markdown: a paragraph
	formHeading    // a line of text; Markdown: one to six #
	formBullets    // Markdown: items marked -
	formOrdered    // Markdown: items marked 1. 2. 3., from attrs.order
	formItem       // an item of a list
	formTask       // Markdown: an item that begins with [ ] or [x]
	formQuote      // Markdown: lines marked >
	formPanel      // Markdown: a quote with an alert label ([!NOTE]) where GitHub has one for it
	formCode       // the text as it is; Markdown: fenced, with the language
	formRule       // nothing; Markdown: ---
	formExpand     // the title, then the blocks inside; Markdown: the title is bold
	formTable      // lines of cells; Markdown: a GFM table
	formRow        // a line of the table
	formCell       // cells are separated by tabs; Markdown: by |
	formHeaderCell // likewise
	formMedia      // alt, file name or URL; Markdown: ![alt](url)
	formCard       // name or URL; Markdown: a link
	formMacro      // attrs.text; Markdown: or else [extensionKey], to show that something is missing

	// Inline nodes form the lines of the block around them.

	formText        // the text; Markdown: escaped, with its marks
	formBreak       // a new line
	formMention     // @Name, or @ and the account id
	formEmoji       // the character, or else :short_name:
	formDate        // yyyy-mm-dd
	formStatus      // its text; Markdown: as code
	formPlaceholder // its text
	formInlineMedia // as formMedia
	formInlineCard  // as formCard
	formInlineMacro // as formMacro
)

func (f form) inline() bool { return f >= formText }

// nodeForms has a rule for every node of the official schema (full.json,
// version 52.2.2; TestSchemaCoverage compares).
var nodeForms = map[string]form{
	"doc":                  formBlocks,
	"layoutSection":        formBlocks,
	"layoutColumn":         formBlocks,
	"bodiedSyncBlock":      formBlocks,
	"mediaSingle":          formBlocks, // a media and perhaps its caption
	"mediaGroup":           formBlocks,
	"paragraph":            formParagraph,
	"caption":              formParagraph,
	"heading":              formHeading,
	"bulletList":           formBullets,
	"taskList":             formBullets, // may hold a taskList beside its items
	"decisionList":         formBullets,
	"orderedList":          formOrdered,
	"listItem":             formItem,
	"decisionItem":         formItem, // holds inline nodes
	"taskItem":             formTask, // holds inline nodes
	"blockTaskItem":        formTask, // holds paragraphs
	"blockquote":           formQuote,
	"panel":                formPanel,
	"codeBlock":            formCode,
	"rule":                 formRule,
	"expand":               formExpand,
	"nestedExpand":         formExpand,
	"table":                formTable,
	"tableRow":             formRow,
	"tableCell":            formCell,
	"tableHeader":          formHeaderCell,
	"media":                formMedia,
	"blockCard":            formCard,
	"embedCard":            formCard,
	"bodiedExtension":      formBlocks,
	"extension":            formMacro,
	"syncBlock":            formMacro, // its content lives in another document
	"text":                 formText,
	"hardBreak":            formBreak,
	"mention":              formMention,
	"emoji":                formEmoji,
	"date":                 formDate,
	"status":               formStatus,
	"placeholder":          formPlaceholder,
	"mediaInline":          formInlineMedia,
	"inlineCard":           formInlineCard,
	"inlineExtension":      formInlineMacro,
	"multiBodiedExtension": formBlocks, // not in the schema, but in documents of Confluence
	"extensionFrame":       formBlocks, // likewise
}

// A markForm says what a mark does to the Markdown of its text. Plain text has
// no marks. The order is the order of nesting, outermost first.
type markForm uint8

const (
	markNone      markForm = iota // nothing
	markLink                      // [text](href "title")
	markStrong                    // **text**
	markEm                        // *text*
	markStrike                    // ~~text~~
	markUnderline                 // <u>text</u>
	markSub                       // <sub>text</sub>
	markSup                       // <sup>text</sup>
	markCode                      // `text`
	markForms                     // how many there are
)

// markRules has a rule for every mark of the official schema.
var markRules = map[string]markForm{
	"link":            markLink,
	"strong":          markStrong,
	"em":              markEm,
	"strike":          markStrike,
	"underline":       markUnderline,
	"subsup":          markSub, // or markSup: attrs.type decides
	"code":            markCode,
	"textColor":       markNone,
	"backgroundColor": markNone,
	"alignment":       markNone,
	"indentation":     markNone,
	"annotation":      markNone,
	"border":          markNone,
	"breakout":        markNone,
	"dataConsumer":    markNone,
	"fragment":        markNone,
}

// An attr names an attribute that some rule uses; all others are skipped.
type attr uint8

const (
	attrAlt attr = iota
	attrColspan
	attrExtensionKey
	attrFileName
	attrID
	attrJQL
	attrLanguage
	attrLevel
	attrName
	attrOrder
	attrPanelType
	attrRowspan
	attrShortName
	attrState
	attrText
	attrTimestamp
	attrTitle
	attrType
	attrURL
)

var attrNames = map[string]attr{
	"alt":          attrAlt,
	"colspan":      attrColspan,
	"extensionKey": attrExtensionKey,
	"__fileName":   attrFileName, // not in the schema; the editor leaves it in media
	"id":           attrID,
	"jql":          attrJQL, // blockCard: attrs.datasource.parameters.jql
	"language":     attrLanguage,
	"level":        attrLevel,
	"name":         attrName, // cards: attrs.data.name, JSON-LD
	"order":        attrOrder,
	"panelType":    attrPanelType,
	"resourceId":   attrExtensionKey, // syncBlock
	"rowspan":      attrRowspan,
	"shortName":    attrShortName,
	"state":        attrState,
	"text":         attrText,
	"timestamp":    attrTimestamp,
	"title":        attrTitle,
	"type":         attrType,
	"url":          attrURL, // also attrs.data.url
}
