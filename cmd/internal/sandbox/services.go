package sandbox

func (r *region) activeServices(string) int32 { return 0 }
