// Measurements and sandboxes share two processors; the simulations use both by themselves.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
