-- Waits say when they are due whatever their clock. What counts working time was copied already (see RENAMED in rewriting.py).
update store.waits set due_at = began_at + to_seconds(target_seconds) where not is_business_time;
