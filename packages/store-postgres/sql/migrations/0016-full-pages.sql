-- oldest reader: 15
--
-- No update of an input stays within its page's chain: its state stands in the predicates of indexes. Room that is kept free for that is
-- never used, and pages that are never full are never cleared of old versions while they are written.

alter table {schema}.inputs reset (fillfactor);
