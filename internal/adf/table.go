package adf

// maxSpanned is how many columns colspan and rowspan are followed in. GFM has
// no spans: the cells that they cover are left empty.
const maxSpanned = 64

// A grid keeps the place in a table while its cells are visited in order.
type grid struct {
	col     int             // of the next cell
	covered [maxSpanned]int // rows still covered by a cell above, by column
}

// place moves to the column of the next cell and past it. It returns how many
// columns it skipped because cells above cover them, and how many the cell
// itself takes.
func (g *grid) place(colspan, rowspan int) (skipped, taken int) {
	for g.col < maxSpanned && g.covered[g.col] > 0 {
		g.covered[g.col]--
		g.col++
		skipped++
	}
	taken = max(1, min(colspan, maxSpanned-g.col))
	for range taken {
		if g.col < maxSpanned {
			g.covered[g.col] = rowspan - 1
		}
		g.col++
	}
	return skipped, taken
}

// endRow moves to the next row and returns the width of this one.
func (g *grid) endRow() int {
	width := g.col
	for c := g.col; c < maxSpanned; c++ {
		if g.covered[c] > 0 {
			g.covered[c]--
		}
	}
	g.col = 0
	return width
}

// table writes the table i. GFM tables have exactly one header row: the first
// row if it ends in a header cell (its first may be a corner or the header of
// the row), or else an empty one.
func (m *markdown) table(i int32) {
	n := &m.t.nodes[i]
	if m.inCell {
		m.blocks(i+1, n.end) // a table within a cell: its cells one after the other
		return
	}
	cols, header := m.measure(i)
	if cols == 0 {
		return
	}
	m.begin()
	if !header {
		m.dst = append(m.dst, '|')
		m.emptyCells(cols)
		m.newline()
		m.delimiters(cols)
	}
	var g grid
	for row := i + 1; row < n.end; row = m.t.nodes[row].end {
		if !header || row > i+1 {
			m.newline()
		}
		width := m.row(&g, row)
		if header && row == i+1 {
			m.emptyCells(cols - width)
			m.newline()
			m.delimiters(cols)
		}
	}
	m.end(2)
}

// measure returns the width of the widest row of table i and whether its first
// row is a header.
func (m *markdown) measure(i int32) (cols int, header bool) {
	var g grid
	for row := i + 1; row < m.t.nodes[i].end; row = m.t.nodes[row].end {
		first, end := m.cells(row)
		for c := first; c < end; c = m.t.nodes[c].end {
			g.place(m.spans(c))
			if row == i+1 {
				header = m.t.nodes[c].form == formHeaderCell
			}
		}
		cols = max(cols, g.endRow())
	}
	return cols, header
}

// cells returns the range of the cells of a row. A child of a table that is no
// row is a row of one cell.
func (m *markdown) cells(row int32) (first, end int32) {
	n := &m.t.nodes[row]
	if n.form == formRow {
		return row + 1, n.end
	}
	return row, n.end
}

func (m *markdown) spans(cell int32) (colspan, rowspan int) {
	n := &m.t.nodes[cell]
	return m.t.attrInt(n, attrColspan, 1, 1000, 1), m.t.attrInt(n, attrRowspan, 1, 1000, 1)
}

// row writes a row and returns its width. GFM fills up short rows by itself,
// but cuts off what is longer than the header.
func (m *markdown) row(g *grid, row int32) (width int) {
	m.dst = append(m.dst, '|')
	first, end := m.cells(row)
	for c := first; c < end; c = m.t.nodes[c].end {
		skipped, taken := g.place(m.spans(c))
		m.emptyCells(skipped)
		m.cell(c)
		m.emptyCells(taken - 1)
	}
	return g.endRow()
}

func (m *markdown) emptyCells(n int) {
	for range n {
		m.dst = append(m.dst, "  |"...)
	}
}

func (m *markdown) delimiters(cols int) {
	m.dst = append(m.dst, '|')
	for range cols {
		m.dst = append(m.dst, " --- |"...)
	}
}

// cell writes a cell, all blocks of it in one line.
func (m *markdown) cell(i int32) {
	n := &m.t.nodes[i]
	m.dst = append(m.dst, ' ')
	m.inCell, m.cellStart, m.lineStart = true, len(m.dst), len(m.dst)
	if n.form == formCell || n.form == formHeaderCell {
		m.blocks(i+1, n.end)
	} else {
		m.blocks(i, n.end) // not a cell: it makes one
	}
	m.inCell, m.sep = false, 0
	m.dst = append(m.dst, " |"...)
}
