"""The pure core: institutions, cases, acts and clocks. No framework, no database, no hidden time."""
