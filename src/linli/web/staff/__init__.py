"""What the staff's audiences share: lists with tabs, filters and pages, quick forms under a row, opening a matter."""
