package provider

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

type workgroup struct {
	Name          string           `prop:"name,auto=128,replace"`
	Configuration *workgroupConfig `prop:"configuration"`
	Description   string           `prop:"description,omitempty"`
	ForceDestroy  bool             `prop:"forceDestroy,default=false,keep"`
	State         string           `prop:"state,default=ENABLED"`
	tagged

	ARN string `prop:"arn,out"`
}

type workgroupConfig struct {
	BytesCutoff    *int64           `prop:"bytesScannedCutoffPerQuery"`
	Enforce        bool             `prop:"enforceWorkgroupConfiguration,default=true"`
	EngineVersion  *engineVersion   `prop:"engineVersion,computed"`
	ExecutionRole  string           `prop:"executionRole,omitempty"`
	PublishMetrics bool             `prop:"publishCloudwatchMetricsEnabled,default=true"`
	RequesterPays  bool             `prop:"requesterPaysEnabled,default=false"`
	Results        *workgroupResult `prop:"resultConfiguration"`
}

type engineVersion struct {
	Effective string `prop:"effectiveEngineVersion,out"`
	Selected  string `prop:"selectedEngineVersion,default=AUTO"`
}

type workgroupResult struct {
	Location      string            `prop:"outputLocation,omitempty"`
	ExpectedOwner string            `prop:"expectedBucketOwner,omitempty"`
	Encryption    *resultEncryption `prop:"encryptionConfiguration"`
	ACL           *resultACL        `prop:"aclConfiguration"`
}

type resultEncryption struct {
	Option string `prop:"encryptionOption,omitempty"`
	KMSKey string `prop:"kmsKeyArn,omitempty"`
}

type resultACL struct {
	Option string `prop:"s3AclOption,required"`
}

func athenaWorkgroup() handler {
	return of(typed[workgroup]{
		Token: "aws:athena/workgroup:Workgroup",
		Create: func(ctx context.Context, s *session, in *workgroup) (string, error) {
			req := &athena.CreateWorkGroupInput{Name: &in.Name, Description: str(in.Description), Tags: athenaTags(in.TagsAll)}
			if c := in.Configuration; c != nil {
				req.Configuration = &types.WorkGroupConfiguration{
					BytesScannedCutoffPerQuery: c.BytesCutoff, EnforceWorkGroupConfiguration: &c.Enforce, EngineVersion: c.EngineVersion.sdk(),
					ExecutionRole: str(c.ExecutionRole), PublishCloudWatchMetricsEnabled: &c.PublishMetrics, RequesterPaysEnabled: &c.RequesterPays,
				}
				if r := c.Results; r != nil {
					req.Configuration.ResultConfiguration = &types.ResultConfiguration{
						OutputLocation: str(r.Location), ExpectedBucketOwner: str(r.ExpectedOwner), EncryptionConfiguration: r.Encryption.sdk(), AclConfiguration: r.ACL.sdk(),
					}
				}
			}
			// "WorkGroup is already created" comes as InvalidRequestException.
			err := create(ctx, func(ctx context.Context) error { _, err := s.athena.CreateWorkGroup(ctx, req); return err }, "InvalidRequestException")
			if err != nil {
				return made(in.Name, err)
			}
			if in.State != string(types.WorkGroupStateDisabled) {
				return in.Name, nil
			}
			_, err = s.athena.UpdateWorkGroup(ctx, &athena.UpdateWorkGroupInput{WorkGroup: &in.Name, State: types.WorkGroupStateDisabled})
			return in.Name, err
		},
		Read: func(ctx context.Context, s *session, id string, v *workgroup) error {
			return s.readWorkgroup(ctx, id, v)
		},
		Update: func(ctx context.Context, s *session, id string, _, in *workgroup) error {
			_, err := s.athena.UpdateWorkGroup(ctx, &athena.UpdateWorkGroupInput{
				WorkGroup: &id, Description: &in.Description, State: types.WorkGroupState(in.State), ConfigurationUpdates: in.Configuration.updates(),
			})
			if err != nil {
				return err
			}
			now := &workgroup{}
			if err := s.readWorkgroup(ctx, id, now); err != nil {
				return err
			}
			set, remove := delta(now.TagsAll, in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.athena.UntagResource(ctx, &athena.UntagResourceInput{ResourceARN: &now.ARN, TagKeys: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				if _, err := s.athena.TagResource(ctx, &athena.TagResourceInput{ResourceARN: &now.ARN, Tags: athenaTags(set)}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, v *workgroup) error {
			req := &athena.DeleteWorkGroupInput{WorkGroup: &id}
			if v.ForceDestroy {
				req.RecursiveDeleteOption = aws.Bool(true)
			}
			_, err := s.athena.DeleteWorkGroup(ctx, req)
			return noWorkgroup(err)
		},
	})
}

// noWorkgroup: Athena says of a workgroup that does not exist that the request
// is invalid.
func noWorkgroup(err error) error {
	if code(err) == "InvalidRequestException" && containsFold(message(err), "is not found", "not found", "does not exist") {
		return errGone
	}
	return err
}

func (s *session) readWorkgroup(ctx context.Context, id string, v *workgroup) error {
	out, err := s.athena.GetWorkGroup(ctx, &athena.GetWorkGroupInput{WorkGroup: &id})
	if err != nil {
		return noWorkgroup(err)
	}
	w := out.WorkGroup
	v.Name, v.Description, v.State = id, aws.ToString(w.Description), string(w.State)
	if v.ARN, err = s.arn(ctx, "athena", "workgroup/"+id); err != nil {
		return err
	}
	v.Configuration = nil
	if c := w.Configuration; c != nil {
		v.Configuration = &workgroupConfig{
			BytesCutoff: c.BytesScannedCutoffPerQuery, Enforce: aws.ToBool(c.EnforceWorkGroupConfiguration),
			ExecutionRole: aws.ToString(c.ExecutionRole), PublishMetrics: aws.ToBool(c.PublishCloudWatchMetricsEnabled), RequesterPays: aws.ToBool(c.RequesterPaysEnabled),
		}
		if e := c.EngineVersion; e != nil {
			v.Configuration.EngineVersion = &engineVersion{Effective: aws.ToString(e.EffectiveEngineVersion), Selected: aws.ToString(e.SelectedEngineVersion)}
		}
		if r := c.ResultConfiguration; r != nil {
			res := &workgroupResult{Location: aws.ToString(r.OutputLocation), ExpectedOwner: aws.ToString(r.ExpectedBucketOwner)}
			if e := r.EncryptionConfiguration; e != nil {
				res.Encryption = &resultEncryption{Option: string(e.EncryptionOption), KMSKey: aws.ToString(e.KmsKey)}
			}
			if a := r.AclConfiguration; a != nil {
				res.ACL = &resultACL{Option: string(a.S3AclOption)}
			}
			if *res != (workgroupResult{}) {
				v.Configuration.Results = res
			}
		}
	}
	v.TagsAll = map[string]string{}
	pages := athena.NewListTagsForResourcePaginator(s.athena, &athena.ListTagsForResourceInput{ResourceARN: &v.ARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, t := range page.Tags {
			v.TagsAll[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return nil
}

// updates is the whole configuration as UpdateWorkGroup takes it: what is not
// set is removed.
func (c *workgroupConfig) updates() *types.WorkGroupConfigurationUpdates {
	if c == nil {
		return nil
	}
	u := &types.WorkGroupConfigurationUpdates{
		EnforceWorkGroupConfiguration: &c.Enforce, EngineVersion: c.EngineVersion.sdk(), ExecutionRole: str(c.ExecutionRole),
		PublishCloudWatchMetricsEnabled: &c.PublishMetrics, RequesterPaysEnabled: &c.RequesterPays,
	}
	if c.BytesCutoff != nil && *c.BytesCutoff > 0 {
		u.BytesScannedCutoffPerQuery = c.BytesCutoff
	} else {
		u.RemoveBytesScannedCutoffPerQuery = aws.Bool(true)
	}
	r := c.Results
	if r == nil {
		r = &workgroupResult{}
	}
	ru := &types.ResultConfigurationUpdates{
		OutputLocation: str(r.Location), ExpectedBucketOwner: str(r.ExpectedOwner), EncryptionConfiguration: r.Encryption.sdk(), AclConfiguration: r.ACL.sdk(),
	}
	remove := func(is bool) *bool {
		if is {
			return aws.Bool(true)
		}
		return nil
	}
	ru.RemoveOutputLocation, ru.RemoveExpectedBucketOwner = remove(r.Location == ""), remove(r.ExpectedOwner == "")
	ru.RemoveEncryptionConfiguration, ru.RemoveAclConfiguration = remove(r.Encryption == nil), remove(r.ACL == nil)
	u.ResultConfigurationUpdates = ru
	return u
}

func (e *engineVersion) sdk() *types.EngineVersion {
	if e == nil {
		return nil
	}
	return &types.EngineVersion{SelectedEngineVersion: str(e.Selected)}
}

func (e *resultEncryption) sdk() *types.EncryptionConfiguration {
	if e == nil {
		return nil
	}
	return &types.EncryptionConfiguration{EncryptionOption: types.EncryptionOption(e.Option), KmsKey: str(e.KMSKey)}
}

func (a *resultACL) sdk() *types.AclConfiguration {
	if a == nil {
		return nil
	}
	return &types.AclConfiguration{S3AclOption: types.S3AclOption(a.Option)}
}

func athenaTags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, k := range sortedKeys(tags) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return list
}

type namedQuery struct {
	Name        string `prop:"name,auto=128,replace"`
	Database    string `prop:"database,required,replace"`
	Query       string `prop:"query,required,replace"`
	Workgroup   string `prop:"workgroup,default=primary,replace"`
	Description string `prop:"description,replace,omitempty"`
}

func athenaNamedQuery() handler {
	return of(typed[namedQuery]{
		Token: "aws:athena/namedQuery:NamedQuery",
		Create: func(ctx context.Context, s *session, in *namedQuery) (string, error) {
			// The SDK sends a token with it, so that a second request after a
			// lost answer makes no second query.
			out, err := s.athena.CreateNamedQuery(ctx, &athena.CreateNamedQueryInput{
				Name: &in.Name, Database: &in.Database, QueryString: &in.Query, WorkGroup: &in.Workgroup, Description: str(in.Description),
			})
			if err != nil {
				return "", err
			}
			return aws.ToString(out.NamedQueryId), nil
		},
		Read: func(ctx context.Context, s *session, id string, v *namedQuery) error {
			out, err := s.athena.GetNamedQuery(ctx, &athena.GetNamedQueryInput{NamedQueryId: &id})
			if err != nil {
				return noWorkgroup(err)
			}
			q := out.NamedQuery
			v.Name, v.Database, v.Query = aws.ToString(q.Name), aws.ToString(q.Database), aws.ToString(q.QueryString)
			v.Workgroup, v.Description = aws.ToString(q.WorkGroup), aws.ToString(q.Description)
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, _ *namedQuery) error {
			_, err := s.athena.DeleteNamedQuery(ctx, &athena.DeleteNamedQueryInput{NamedQueryId: &id})
			return noWorkgroup(err)
		},
	})
}
