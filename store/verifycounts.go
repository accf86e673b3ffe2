package store

// counts compares the counts that collections declare with their records.
func (v *verification) counts() error {
	for _, d := range declarations() {
		if c, ok := d.(interface{ verifyCounts(*verification) error }); ok {
			if err := c.verifyCounts(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Collection[ID, T]) verifyCounts(v *verification) error {
	for _, n := range c.counted {
		want, known := v.totals[n]
		if !known {
			return nil // a record cannot be read, which is reported already
		}
		for all, err := range n.All(v.tx) {
			if err != nil {
				return err
			}
			base := append(n.prefix(all.Key), make([]byte, len(changeID{}))...)
			if all.Count != want[string(base)] {
				if err := v.wrong(c.name, base, "the count is %d, and %d records have what it counts", all.Count, want[string(base)]); err != nil {
					return err
				}
			}
			delete(want, string(base))
		}
		for base, records := range want {
			if err := v.wrong(c.name, []byte(base), "the count is missing, and %d records have what it counts", records); err != nil {
				return err
			}
		}
	}
	return nil
}
