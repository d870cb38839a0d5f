"""Will this loan be paid back? Applications of any number, from months that drift, behind gates and an approval."""
