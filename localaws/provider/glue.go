package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

type catalogDatabase struct {
	Name        string            `prop:"name,auto=255,lower,replace"`
	CatalogID   string            `prop:"catalogId,computed,replace"`
	Description string            `prop:"description,omitempty"`
	LocationURI string            `prop:"locationUri,computed"`
	Parameters  map[string]string `prop:"parameters"`
	Permissions []tablePermission `prop:"createTableDefaultPermissions,computed"`
	tagged

	ARN string `prop:"arn,out"`
}

type tablePermission struct {
	Permissions []string        `prop:"permissions,set"`
	Principal   *tablePrincipal `prop:"principal"`
}

type tablePrincipal struct {
	Identifier string `prop:"dataLakePrincipalIdentifier,omitempty"`
}

func glueDatabase() handler {
	return of(typed[catalogDatabase]{
		Token: "aws:glue/catalogDatabase:CatalogDatabase",
		Create: func(ctx context.Context, s *session, in *catalogDatabase) (string, error) {
			if err := s.catalog(ctx, &in.CatalogID); err != nil {
				return "", err
			}
			req := &glue.CreateDatabaseInput{CatalogId: &in.CatalogID, DatabaseInput: in.sdk()}
			if len(in.TagsAll) > 0 {
				req.Tags = in.TagsAll
			}
			err := create(ctx, func(ctx context.Context) error { _, err := s.glue.CreateDatabase(ctx, req); return err }, "AlreadyExistsException")
			return made(in.CatalogID+":"+in.Name, err)
		},
		Read: func(ctx context.Context, s *session, id string, v *catalogDatabase) error {
			catalog, name, err := splitDatabase(id)
			if err != nil {
				return err
			}
			out, err := s.glue.GetDatabase(ctx, &glue.GetDatabaseInput{CatalogId: &catalog, Name: &name})
			if err != nil {
				return err
			}
			d := out.Database
			v.Name, v.CatalogID, v.Description, v.LocationURI = name, catalog, aws.ToString(d.Description), aws.ToString(d.LocationUri)
			v.Parameters = notEmpty(d.Parameters)
			v.Permissions = nil
			for _, p := range d.CreateTableDefaultPermissions {
				t := tablePermission{}
				for _, q := range p.Permissions {
					t.Permissions = append(t.Permissions, string(q))
				}
				if p.Principal != nil {
					t.Principal = &tablePrincipal{Identifier: aws.ToString(p.Principal.DataLakePrincipalIdentifier)}
				}
				v.Permissions = append(v.Permissions, t)
			}
			v.ARN = "arn:" + s.partition + ":glue:" + s.region + ":" + catalog + ":database/" + name
			tags, err := s.glue.GetTags(ctx, &glue.GetTagsInput{ResourceArn: &v.ARN})
			if err != nil {
				return err
			}
			v.TagsAll = tags.Tags
			return nil
		},
		Update: func(ctx context.Context, s *session, id string, old, in *catalogDatabase) error {
			catalog, name, err := splitDatabase(id)
			if err != nil {
				return err
			}
			if in.Permissions == nil {
				in.Permissions = old.Permissions
			}
			if in.LocationURI == "" {
				in.LocationURI = old.LocationURI
			}
			if _, err := s.glue.UpdateDatabase(ctx, &glue.UpdateDatabaseInput{CatalogId: &catalog, Name: &name, DatabaseInput: in.sdk()}); err != nil {
				return err
			}
			arn := "arn:" + s.partition + ":glue:" + s.region + ":" + catalog + ":database/" + name
			now, err := s.glue.GetTags(ctx, &glue.GetTagsInput{ResourceArn: &arn})
			if err != nil {
				return err
			}
			set, remove := delta(now.Tags, in.TagsAll)
			if len(remove) > 0 {
				if _, err := s.glue.UntagResource(ctx, &glue.UntagResourceInput{ResourceArn: &arn, TagsToRemove: remove}); err != nil {
					return err
				}
			}
			if len(set) > 0 {
				if _, err := s.glue.TagResource(ctx, &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: set}); err != nil {
					return err
				}
			}
			return nil
		},
		Delete: func(ctx context.Context, s *session, id string, _ *catalogDatabase) error {
			catalog, name, err := splitDatabase(id)
			if err != nil {
				return err
			}
			_, err = s.glue.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{CatalogId: &catalog, Name: &name})
			return err
		},
	})
}

func (d *catalogDatabase) sdk() *types.DatabaseInput {
	in := &types.DatabaseInput{Name: &d.Name, Description: str(d.Description), LocationUri: str(d.LocationURI), Parameters: d.Parameters}
	for _, p := range d.Permissions {
		q := types.PrincipalPermissions{}
		for _, name := range p.Permissions {
			q.Permissions = append(q.Permissions, types.Permission(name))
		}
		if p.Principal != nil {
			q.Principal = &types.DataLakePrincipal{DataLakePrincipalIdentifier: str(p.Principal.Identifier)}
		}
		in.CreateTableDefaultPermissions = append(in.CreateTableDefaultPermissions, q)
	}
	return in
}

// catalog sets the id of the catalog, which is the account's, where none is
// given.
func (s *session) catalog(ctx context.Context, id *string) error {
	if *id != "" {
		return nil
	}
	account, err := s.account(ctx)
	*id = account
	return err
}

func splitDatabase(id string) (catalog, name string, err error) {
	catalog, name, ok := strings.Cut(id, ":")
	if !ok {
		return "", "", fmt.Errorf("%q is no id of a database: it is catalog:name", id)
	}
	return catalog, name, nil
}

func notEmpty(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	return m
}
