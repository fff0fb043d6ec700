"""How well tables are found, against the truth of the ICDAR 2013 table competition."""
