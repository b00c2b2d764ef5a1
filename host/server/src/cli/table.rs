//! Text in columns. Widths are counted in characters, and nothing that a name or a message holds can move the
//! terminal's cursor.

/// What stands between two columns.
const GAP: &str = "  ";

/// Rows under a header.
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    cells: Vec<String>,
    /// What follows the cells and belongs to no column.
    note: Option<String>,
}

impl Table {
    /// A table of these columns.
    pub(super) fn new(header: &[&str]) -> Self {
        let cells = header.iter().map(|&name| name.to_owned()).collect();
        Self {
            rows: vec![Row { cells, note: None }],
        }
    }

    /// Adds a row, a cell for each column.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let cells = cells.iter().map(|cell| printable(cell)).collect();
        self.rows.push(Row { cells, note: None });
    }

    /// Adds a row of which only the first cells are in columns.
    pub(super) fn note<const N: usize>(&mut self, cells: [String; N], note: &str) {
        let cells = cells.iter().map(|cell| printable(cell)).collect();
        let note = Some(printable(note));
        self.rows.push(Row { cells, note });
    }

    /// All rows, each with its end of line.
    pub(super) fn render(&self) -> String {
        let columns = self.rows.first().map_or(0, |header| header.cells.len());
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        self.rows.iter().map(|row| line(row, &widths)).collect()
    }
}

fn line(row: &Row, widths: &[usize]) -> String {
    let cells = row.cells.iter().zip(widths);
    let mut line: String = cells.map(|(cell, &width)| format!("{cell:width$}{GAP}")).collect();
    line.push_str(row.note.as_deref().unwrap_or_default());
    let mut line = line.trim_end().to_owned();
    line.push('\n');
    line
}

/// On one line, and without what a terminal would obey.
pub(super) fn printable(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_in_characters() {
        let mut table = Table::new(&["A", "LONG", "C"]);
        table.row(["ä→ö", "1", "x"].map(str::to_owned));
        table.note(["b"].map(str::to_owned), "a note wider than any column");
        table.row(["b", "22", ""].map(str::to_owned));
        assert_eq!(
            table.render(),
            "A    LONG  C\nä→ö  1     x\nb    a note wider than any column\nb    22\n"
        );
    }

    #[test]
    fn a_message_cannot_write_elsewhere_on_the_screen() {
        let mut table = Table::new(&["A"]);
        table.note(["b\u{1b}[2J".to_owned()], "two\r\nlines\u{7}");
        assert_eq!(table.render(), "A\nb [2J  two lines\n");
    }
}
